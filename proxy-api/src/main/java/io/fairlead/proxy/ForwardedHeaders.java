package io.fairlead.proxy;

/** Which fields tell the upstream of the client. What an untrusted peer sent in them is dropped in any case. */
public enum ForwardedHeaders {
    /** {@code X-Forwarded-For}, {@code -Proto}, {@code -Host} and {@code -Port}. The default. */
    X_FORWARDED,
    /** {@code Forwarded} (RFC 7239). */
    FORWARDED,
    /** None. */
    OFF
}
