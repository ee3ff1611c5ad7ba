/** Start, update, drain and stop. Start at {@code EngineProxy}. */
@NullMarked
package io.fairlead.proxy.internal.lifecycle;

import org.jspecify.annotations.NullMarked;
