package io.fairlead.proxy.internal.traffic;

import io.fairlead.proxy.balancer.HashKey;
import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.internal.balancer.Hash;
import io.fairlead.proxy.route.Explanation.Share;
import io.fairlead.proxy.route.Explanation.SplitChoice;
import io.fairlead.proxy.traffic.Split;
import io.fairlead.proxy.traffic.SplitOverride;
import io.fairlead.proxy.traffic.StickyCookie;
import io.fairlead.proxy.upstream.Upstream;
import io.fairlead.proxy.upstream.UpstreamRef;
import java.util.List;
import java.util.Optional;

/** Says what a split would do with a request that is only asked about. */
public final class SplitExplainer {

    private static final String AT_RANDOM = "at random";

    private final Split split;
    private final SplitChooser chooser;
    private final List<Share> shares;

    private SplitExplainer(Split split, String routeId) {
        this.split = split;
        this.chooser = new SplitChooser(split, routeId);
        double sum = Math.max(
                1, split.shares().stream().mapToLong(Split.Share::weight).sum());
        this.shares = split.shares().stream()
                .map(one -> new Share(name(one.to()), one.weight(), 100 * one.weight() / sum))
                .toList();
    }

    public static SplitChoice explain(Split split, String routeId, Request request) {
        return new SplitExplainer(split, routeId).explain(request);
    }

    private static String name(Upstream upstream) {
        return upstream instanceof UpstreamRef ref ? ref.name() : upstream.toString();
    }

    private SplitChoice explain(Request request) {
        int override = chooser.override(request);
        if (override >= 0) {
            SplitOverride one = split.overrides().get(override);
            String kind = one instanceof SplitOverride.Header ? "header" : "cookie";
            // Not the value, which may be a secret.
            return chosen(name(one.to()), "overrides[" + override + "]: the " + kind + " \"" + one.name() + "\"");
        }
        if (split.stickyCookie().isPresent()) {
            StickyCookie cookie = split.stickyCookie().get();
            long key = SplitChooser.ofCookie(request, cookie.name());
            return key == SplitChooser.NO_KEY
                    ? open(AT_RANDOM + ", and kept by the cookie \"" + cookie.name() + "\" that the client is given")
                    : byKey(key, "the cookie \"" + cookie.name() + "\"");
        }
        for (int i = 0; i < split.stickyBy().size(); i++) {
            HashKey key = split.stickyBy().get(i);
            String place = "stickyBy[" + i + "]: ";
            if (key instanceof HashKey.ClientAddress) {
                return open(place + "the client's address");
            } else if (key instanceof HashKey.Attribute attribute) {
                return open(place + "the attribute \"" + attribute.key() + "\", if middleware keeps it");
            }
            long hash = Hash.of(key, request);
            if (hash != Hash.MISSING) {
                return byKey(hash, place + describe(key));
            }
        }
        return open(split.stickyBy().isEmpty() ? AT_RANDOM : AT_RANDOM + ": the request has none of the keys");
    }

    private static String describe(HashKey key) {
        if (key instanceof HashKey.Header header) {
            return "the header \"" + header.name() + "\"";
        }
        return key instanceof HashKey.Cookie cookie
                ? "the cookie \"" + cookie.name() + "\""
                : "the query parameter \"" + ((HashKey.Query) key).name() + "\"";
    }

    private SplitChoice byKey(long key, String reason) {
        return chosen(shares.get(chooser.place(key)).to(), reason);
    }

    private SplitChoice chosen(String to, String reason) {
        return new SplitChoice(shares, Optional.of(to), reason);
    }

    private SplitChoice open(String reason) {
        return new SplitChoice(shares, Optional.empty(), reason);
    }
}
