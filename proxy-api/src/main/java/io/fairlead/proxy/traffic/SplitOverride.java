package io.fairlead.proxy.traffic;

import static java.util.Objects.requireNonNull;

import io.fairlead.proxy.upstream.Upstream;

/** Sends a request to one share of a {@link Split}, whatever the weights say. Any client may send what it looks for. */
public sealed interface SplitOverride {

    /** The share that the request goes to: the pool or handler of one of the split's shares, or its name. */
    Upstream to();

    /** What it looks for. */
    String name();

    /** The value that it must have, compared exactly. */
    String value();

    /** The same for another share. */
    SplitOverride withTo(Upstream to);

    /**
     * A header field of this value; of several of the name any may have it.
     *
     * @param name the field, regardless of case
     * @param value the whole value, without the space around it
     * @param to the share
     */
    record Header(String name, String value, Upstream to) implements SplitOverride {
        /** Rejects null. */
        public Header {
            requireNonNull(name, "name");
            requireNonNull(value, "value");
            requireNonNull(to, "to");
        }

        @Override
        public SplitOverride withTo(Upstream newTo) {
            return new Header(name, value, newTo);
        }

        /** Without the value, which may be a secret. */
        @Override
        public String toString() {
            return "Header[" + name + " to " + to + "]";
        }
    }

    /**
     * A cookie of this value; of several of the name any may have it.
     *
     * @param name the cookie, case-sensitive
     * @param value the whole value, quotes included
     * @param to the share
     */
    record Cookie(String name, String value, Upstream to) implements SplitOverride {
        /** Rejects null. */
        public Cookie {
            requireNonNull(name, "name");
            requireNonNull(value, "value");
            requireNonNull(to, "to");
        }

        @Override
        public SplitOverride withTo(Upstream newTo) {
            return new Cookie(name, value, newTo);
        }

        /** Without the value, which may be a secret. */
        @Override
        public String toString() {
            return "Cookie[" + name + " to " + to + "]";
        }
    }
}
