/**
 * How the bytes of a body move from one leg to the other, with back-pressure. Start at {@code
 * io.fairlead.proxy.internal.engine.transfer.BodySink}.
 */
@NullMarked
package io.fairlead.proxy.internal.engine.transfer;

import org.jspecify.annotations.NullMarked;
