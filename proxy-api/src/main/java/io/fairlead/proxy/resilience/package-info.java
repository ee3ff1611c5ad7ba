/**
 * Deadlines, and what the proxy does when upstreams fail. Start at {@link io.fairlead.proxy.resilience.Timeouts} and
 * {@link io.fairlead.proxy.resilience.CircuitBreaker}.
 */
@NullMarked
package io.fairlead.proxy.resilience;

import org.jspecify.annotations.NullMarked;
