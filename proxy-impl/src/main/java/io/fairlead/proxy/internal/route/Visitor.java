package io.fairlead.proxy.internal.route;

import java.net.InetAddress;

/**
 * Goes over the entries whose host and path fit.
 *
 * <p>The state goes through all calls: in its lower half the rank of the best entry so far, beyond which nothing need
 * be looked at; in its upper half what the visitor likes. A number, so that a lookup makes no object.
 *
 * @param <Q> what is looked up
 */
interface Visitor<Q> {

    /** The rank when nothing was found. */
    int NONE = Integer.MAX_VALUE;

    /** The host, canonical; asked only if there are entries with hosts. */
    String host(Q request);

    /** The normalised path; asked only if there are entries with paths. */
    String path(Q request);

    /** Visits an entry whose rank is below that of the best so far, and returns the state. */
    long visit(Entry entry, long state, Q request, InetAddress client);

    /** Visits entries in ascending rank, as long as they precede the best. */
    default long visit(Entry[] entries, long state, Q request, InetAddress client) {
        long now = state;
        for (Entry entry : entries) {
            if (entry.rank >= best(now)) {
                break;
            }
            now = visit(entry, now, request, client);
        }
        return now;
    }

    /** The best rank in a state. */
    static int best(long state) {
        return (int) state;
    }
}
