package io.fairlead.proxy.listener;

/**
 * What the clients of one listener may use up. Zero switches a limit off where that is said; other values outside the
 * stated range are reported by the proxy's {@code build()}.
 *
 * @param maxConnections connections in all; more are closed at once. At least 1. Default: 20,000.
 * @param maxConnectionsPerClient connections of one client address (IPv6: of one /64 network); more are closed at
 *     once. Zero: no limit. Default: 2,000.
 * @param maxTargetBytes bytes of the request target; more is 414. 64 to 61,440. Default: 8,192.
 * @param maxHeaderBytes bytes of a request's head; more is 431. 256 to 61,440. Default: 32,768.
 * @param maxHeaderFields fields of a request's head; more is 431. 8 to 1,000. Default: 100.
 * @param maxBodyBytes bytes of a request's body; more is 413. Zero: no limit. A route may set its own. Default: zero.
 * @param minBodyBytesPerSecond the mean rate that a request's body must keep after its first 5 s, except while the
 *     upstream is what holds it up; slower is 408. Zero: no limit. Default: 240.
 */
public record Limits(
        int maxConnections,
        int maxConnectionsPerClient,
        int maxTargetBytes,
        int maxHeaderBytes,
        int maxHeaderFields,
        long maxBodyBytes,
        int minBodyBytesPerSecond) {

    private static final Limits DEFAULTS = new Limits(20_000, 2_000, 8_192, 32_768, 100, 0, 240);

    /** The defaults that stand at each parameter. */
    public static Limits ofDefaults() {
        return DEFAULTS;
    }

    /** These, but for the connections in all. */
    public Limits withMaxConnections(int value) {
        return new Limits(
                value,
                maxConnectionsPerClient,
                maxTargetBytes,
                maxHeaderBytes,
                maxHeaderFields,
                maxBodyBytes,
                minBodyBytesPerSecond);
    }

    /** These, but for the connections of one client address. */
    public Limits withMaxConnectionsPerClient(int value) {
        return new Limits(
                maxConnections,
                value,
                maxTargetBytes,
                maxHeaderBytes,
                maxHeaderFields,
                maxBodyBytes,
                minBodyBytesPerSecond);
    }

    /** These, but for the request target. */
    public Limits withMaxTargetBytes(int value) {
        return new Limits(
                maxConnections,
                maxConnectionsPerClient,
                value,
                maxHeaderBytes,
                maxHeaderFields,
                maxBodyBytes,
                minBodyBytesPerSecond);
    }

    /** These, but for the bytes of the head. */
    public Limits withMaxHeaderBytes(int value) {
        return new Limits(
                maxConnections,
                maxConnectionsPerClient,
                maxTargetBytes,
                value,
                maxHeaderFields,
                maxBodyBytes,
                minBodyBytesPerSecond);
    }

    /** These, but for the fields of the head. */
    public Limits withMaxHeaderFields(int value) {
        return new Limits(
                maxConnections,
                maxConnectionsPerClient,
                maxTargetBytes,
                maxHeaderBytes,
                value,
                maxBodyBytes,
                minBodyBytesPerSecond);
    }

    /** These, but for the bytes of the body. */
    public Limits withMaxBodyBytes(long value) {
        return new Limits(
                maxConnections,
                maxConnectionsPerClient,
                maxTargetBytes,
                maxHeaderBytes,
                maxHeaderFields,
                value,
                minBodyBytesPerSecond);
    }

    /** These, but for the rate of the body. */
    public Limits withMinBodyBytesPerSecond(int value) {
        return new Limits(
                maxConnections,
                maxConnectionsPerClient,
                maxTargetBytes,
                maxHeaderBytes,
                maxHeaderFields,
                maxBodyBytes,
                value);
    }
}
