package io.fairlead.proxy.ratelimit;

/** What becomes of a request that has not all of the keys of a {@link RateLimit}. */
public enum MissingKey {
    /**
     * What is missing counts as one value more, so that all requests without it share a limit: nobody evades the limit by
     * leaving the key out, and nobody is locked out.
     */
    SHARED,
    /** It passes and is not counted; one that has a key several times is treated as with {@link #SHARED}. */
    ALLOW,
    /** It is refused with 429, without Retry-After: it would not help to wait. */
    DENY
}
