package io.fairlead.proxy.traffic;

import static java.util.Objects.requireNonNull;

import java.time.Duration;

/**
 * A cookie that keeps a client in its share of a {@link Split}: 64 random bits as 16 hexadecimal digits, of which, together
 * with the salt, the client's point is made.
 *
 * <p>A client without it, or with something else in it, is given one with the answer of the share that it falls to; not with an
 * error answer of the proxy. It has {@code Path=/}, {@code HttpOnly}, {@code SameSite=Lax}, and {@code Secure} if the client
 * came by https. It is given once; after {@code maxAge} the client is dealt anew.
 *
 * <p>It is no secret and no proof: who makes up values finds one for the share of its choice.
 *
 * @param name a token, case-sensitive
 * @param maxAge how long the client keeps it, in whole seconds; zero: until it is closed
 */
public record StickyCookie(String name, Duration maxAge) {
    /** Rejects null. */
    public StickyCookie {
        requireNonNull(name, "name");
        requireNonNull(maxAge, "maxAge");
    }
}
