/** A proxy as an Undertow handler. Start at {@link io.fairlead.proxy.undertow.FairleadHandler}. */
@NullMarked
package io.fairlead.proxy.undertow;

import org.jspecify.annotations.NullMarked;
