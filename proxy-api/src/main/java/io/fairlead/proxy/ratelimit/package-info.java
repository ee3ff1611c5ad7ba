/** How many requests may come in a time. Start at {@link io.fairlead.proxy.ratelimit.RateLimit}. */
@NullMarked
package io.fairlead.proxy.ratelimit;

import org.jspecify.annotations.NullMarked;
