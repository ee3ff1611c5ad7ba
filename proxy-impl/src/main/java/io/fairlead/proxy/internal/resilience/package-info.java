/**
 * The state of circuit breakers and concurrency limits: what they have seen, and what they let pass. Pure logic that any
 * thread may ask; the rooms that forward tell it what happens. Start at
 * {@link io.fairlead.proxy.internal.resilience.Breaker}.
 */
@NullMarked
package io.fairlead.proxy.internal.resilience;

import org.jspecify.annotations.NullMarked;
