/**
 * Rate limits: {@link io.fairlead.proxy.internal.ratelimit.RateLimiter} decides for a request, {@link
 * io.fairlead.proxy.internal.ratelimit.LocalStore} counts.
 */
@NullMarked
package io.fairlead.proxy.internal.ratelimit;

import org.jspecify.annotations.NullMarked;
