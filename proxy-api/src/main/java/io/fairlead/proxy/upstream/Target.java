package io.fairlead.proxy.upstream;

import static java.util.Objects.requireNonNull;

/**
 * One server of a pool.
 *
 * @param url {@code http://host[:port]}, without path; the port defaults to 80. A name is resolved off the I/O
 *     threads and again every {@link UpstreamPool#dnsRefresh()}.
 */
public record Target(String url) {

    /** Rejects null; everything else is reported by the validator. */
    public Target {
        requireNonNull(url, "url");
    }

    /** The server at this URL. */
    public static Target of(String url) {
        return new Target(url);
    }
}
