package io.fairlead.proxy.ratelimit;

/**
 * Which answers carry {@code RateLimit-Policy} and {@code RateLimit} (draft-ietf-httpapi-ratelimit-headers-11).
 * {@code Retry-After} is apart: every refusal has it.
 */
public enum RateLimitFields {
    /** None: a stranger learns nothing of the limits. */
    NEVER,
    /** The 429 alone. */
    REFUSED,
    /** The 429, and every response that comes back through the limit. */
    ALWAYS
}
