package io.fairlead.proxy.balancer;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Keeps a client at the target that answered it first, for targets that keep something of their clients. The answer
 * gives the client a token, which its next requests bring back. Data: it compares by value, and a change of it in an
 * update keeps the pool's connections.
 *
 * <p>A token is opaque and cannot be made up: it is a keyed hash of the pool's name and the target's URL. All proxies with
 * the same secret, and a proxy after its restart, understand each other's. It tells nothing about the target, and whoever
 * copies one gets no more than to that target. A token that is unknown counts as none.
 *
 * <p>The name belongs to the proxy: cookies or fields of this name are removed from requests to the targets and from
 * their answers.
 */
public sealed interface StickySession {

    /** The least characters of a secret. */
    int MIN_SECRET_LENGTH = 32;

    /**
     * By a cookie, for browsers.
     *
     * @param name of the cookie; pools under one host need different names, or {@linkplain Cookie#path() paths}
     * @param secret at least {@value #MIN_SECRET_LENGTH} characters that nobody can guess, such as 32 random bytes in
     *     hexadecimal; equal on all proxies in front of the targets
     */
    static Cookie cookie(String name, String secret) {
        return new Cookie(
                name,
                secret,
                List.of(),
                WhenUnavailable.REDISTRIBUTE,
                "/",
                Optional.empty(),
                Optional.empty(),
                true,
                SameSite.LAX,
                Secure.AUTO);
    }

    /**
     * By a field that the answer has, and that the client repeats in its requests; for programs.
     *
     * @param name of the field
     * @param secret see {@link #cookie}
     */
    static Header header(String name, String secret) {
        return new Header(name, secret, List.of(), WhenUnavailable.REDISTRIBUTE);
    }

    /** The name of the cookie or field. */
    String name();

    /** What tokens are made with. */
    String secret();

    /**
     * Tokens made with these are valid too; the answer to one brings a new token. To change the secret of a fleet without
     * losing sessions, first accept the new one everywhere, then make it the secret and accept the former one.
     */
    List<String> acceptedSecrets();

    /** What becomes of a request whose target may not be used. */
    WhenUnavailable whenUnavailable();

    /** What becomes of a request whose target may not be used: unhealthy, ejected, drained by hand, or at a limit. */
    enum WhenUnavailable {
        /** Another target answers, and is the client's from then on. */
        REDISTRIBUTE,
        /** 503, {@code UPSTREAM_SESSION_UNAVAILABLE}. The token stays valid, and no other target sees the request. */
        FAIL
    }

    /** Whether other sites' requests bring the cookie (draft-ietf-httpbis-rfc6265bis, 5.6.7). */
    enum SameSite {
        /** Only when a link leads here. */
        LAX,
        /** Never. */
        STRICT,
        /** Always; browsers want {@link Secure#ALWAYS} with it. */
        NONE
    }

    /** Whether the cookie has the attribute {@code Secure}, with which browsers send it over encrypted connections only. */
    enum Secure {
        /** If the request's scheme is https, see {@link io.fairlead.proxy.http.Request#scheme()}. */
        AUTO,
        /** Also if the proxy does not see that clients come by https. */
        ALWAYS,
        /** Never. */
        NEVER
    }

    /**
     * See {@link StickySession#cookie}.
     *
     * @param name of the cookie, case-sensitive; a token (RFC 9110 §5.6.2)
     * @param secret see {@link StickySession#cookie}
     * @param acceptedSecrets see {@link StickySession#acceptedSecrets()}. Default: none
     * @param whenUnavailable what becomes of a request whose target may not be used. Default: redistribute
     * @param path below which clients send it, as they see it: an absolute path. Default: {@code /}
     * @param domain whose hosts get it too. Default: none, which is this host alone
     * @param maxAge how long clients keep it, in whole seconds of at least 1; each answer begins that time anew. Default:
     *     none, until the browser is closed
     * @param httpOnly whether scripts cannot read it. Default: true
     * @param sameSite whether other sites' requests bring it. Default: lax
     * @param secure whether it is sent over encrypted connections only. Default: auto
     */
    record Cookie(
            String name,
            String secret,
            List<String> acceptedSecrets,
            WhenUnavailable whenUnavailable,
            String path,
            Optional<String> domain,
            Optional<Duration> maxAge,
            boolean httpOnly,
            SameSite sameSite,
            Secure secure)
            implements StickySession {

        /** Copies the list. */
        public Cookie {
            requireNonNull(name, "name");
            requireNonNull(secret, "secret");
            acceptedSecrets = List.copyOf(acceptedSecrets);
            requireNonNull(whenUnavailable, "whenUnavailable");
            requireNonNull(path, "path");
            requireNonNull(domain, "domain");
            requireNonNull(maxAge, "maxAge");
            requireNonNull(sameSite, "sameSite");
            requireNonNull(secure, "secure");
        }

        /** Tokens made with these are valid too, see {@link StickySession#acceptedSecrets()}. */
        public Cookie withAcceptedSecrets(List<String> accepted) {
            return new Cookie(
                    name, secret, accepted, whenUnavailable, path, domain, maxAge, httpOnly, sameSite, secure);
        }

        /** The same with another failure policy. */
        public Cookie withWhenUnavailable(WhenUnavailable policy) {
            return new Cookie(name, secret, acceptedSecrets, policy, path, domain, maxAge, httpOnly, sameSite, secure);
        }

        /** The same below another path. */
        public Cookie withPath(String newPath) {
            return new Cookie(
                    name,
                    secret,
                    acceptedSecrets,
                    whenUnavailable,
                    newPath,
                    domain,
                    maxAge,
                    httpOnly,
                    sameSite,
                    secure);
        }

        /** The same for all hosts of a domain. */
        public Cookie withDomain(String newDomain) {
            return new Cookie(
                    name,
                    secret,
                    acceptedSecrets,
                    whenUnavailable,
                    path,
                    Optional.of(newDomain),
                    maxAge,
                    httpOnly,
                    sameSite,
                    secure);
        }

        /** The same with another life time. */
        public Cookie withMaxAge(Duration newMaxAge) {
            return new Cookie(
                    name,
                    secret,
                    acceptedSecrets,
                    whenUnavailable,
                    path,
                    domain,
                    Optional.of(newMaxAge),
                    httpOnly,
                    sameSite,
                    secure);
        }

        /** The same, readable by scripts or not. */
        public Cookie withHttpOnly(boolean newHttpOnly) {
            return new Cookie(
                    name,
                    secret,
                    acceptedSecrets,
                    whenUnavailable,
                    path,
                    domain,
                    maxAge,
                    newHttpOnly,
                    sameSite,
                    secure);
        }

        /** The same for other requests of other sites. */
        public Cookie withSameSite(SameSite newSameSite) {
            return new Cookie(
                    name,
                    secret,
                    acceptedSecrets,
                    whenUnavailable,
                    path,
                    domain,
                    maxAge,
                    httpOnly,
                    newSameSite,
                    secure);
        }

        /** The same over encrypted connections only, or not. */
        public Cookie withSecure(Secure newSecure) {
            return new Cookie(
                    name,
                    secret,
                    acceptedSecrets,
                    whenUnavailable,
                    path,
                    domain,
                    maxAge,
                    httpOnly,
                    sameSite,
                    newSecure);
        }

        /** Without the secrets. */
        @Override
        public String toString() {
            return "StickySession[cookie " + name + " " + whenUnavailable + " path=" + path
                    + domain.map(one -> " domain=" + one).orElse("")
                    + maxAge.map(one -> " maxAge=" + one).orElse("")
                    + " httpOnly=" + httpOnly + " sameSite=" + sameSite + " secure=" + secure + "]";
        }
    }

    /**
     * See {@link StickySession#header}.
     *
     * @param name of the field, regardless of case
     * @param secret see {@link StickySession#cookie}
     * @param acceptedSecrets see {@link StickySession#acceptedSecrets()}. Default: none
     * @param whenUnavailable what becomes of a request whose target may not be used. Default: redistribute
     */
    record Header(String name, String secret, List<String> acceptedSecrets, WhenUnavailable whenUnavailable)
            implements StickySession {

        /** Copies the list. */
        public Header {
            requireNonNull(name, "name");
            requireNonNull(secret, "secret");
            acceptedSecrets = List.copyOf(acceptedSecrets);
            requireNonNull(whenUnavailable, "whenUnavailable");
        }

        /** Tokens made with these are valid too, see {@link StickySession#acceptedSecrets()}. */
        public Header withAcceptedSecrets(List<String> accepted) {
            return new Header(name, secret, accepted, whenUnavailable);
        }

        /** The same with another failure policy. */
        public Header withWhenUnavailable(WhenUnavailable policy) {
            return new Header(name, secret, acceptedSecrets, policy);
        }

        /** Without the secrets. */
        @Override
        public String toString() {
            return "StickySession[header " + name + " " + whenUnavailable + "]";
        }
    }
}
