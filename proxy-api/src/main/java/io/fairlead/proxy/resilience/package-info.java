/** Deadlines. Start at {@link io.fairlead.proxy.resilience.Timeouts}. */
@NullMarked
package io.fairlead.proxy.resilience;

import org.jspecify.annotations.NullMarked;
