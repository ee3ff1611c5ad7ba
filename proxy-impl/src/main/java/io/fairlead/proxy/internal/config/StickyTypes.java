package io.fairlead.proxy.internal.config;

import io.fairlead.proxy.balancer.StickySession;
import io.fairlead.proxy.balancer.StickySession.SameSite;
import io.fairlead.proxy.balancer.StickySession.Secure;
import io.fairlead.proxy.balancer.StickySession.WhenUnavailable;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The part of {@link Model} that says how clients keep their target. */
final class StickyTypes {
    private static final Pattern DOMAIN = Pattern.compile("[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})");

    /** Fields of requests and answers that have a meaning (RFC 9110, 9111, 6797, 7838, 8288), and what proxies tell of clients. */
    private static final Set<String> TAKEN_FIELDS = Set.of(
            "accept",
            "age",
            "allow",
            "alt-svc",
            "authentication-info",
            "authorization",
            "cache-control",
            "clear-site-data",
            "cookie",
            "date",
            "dnt",
            "early-data",
            "etag",
            "expect",
            "expires",
            "forwarded",
            "from",
            "grpc-status",
            "last-modified",
            "link",
            "location",
            "max-forwards",
            "origin",
            "pragma",
            "priority",
            "proxy",
            "range",
            "referer",
            "referrer-policy",
            "refresh",
            "retry-after",
            "server",
            "set-cookie",
            "strict-transport-security",
            "te",
            "traceparent",
            "tracestate",
            "trailer",
            "upgrade-insecure-requests",
            "user-agent",
            "vary",
            "via",
            "warning",
            "www-authenticate",
            "x-content-type-options",
            "x-frame-options",
            "x-real-ip",
            "x-request-id",
            "x-requested-with");

    /** The same of fields that come in families. */
    private static final List<String> TAKEN_PREFIXES =
            List.of("accept-", "access-control-", "content-", "if-", "proxy-", "sec-", "x-forwarded-");

    private static final Type<String> SECRET = new SecretType(StickySession.MIN_SECRET_LENGTH);
    private static final Type<List<String>> SECRETS = Types.list(SECRET);
    private static final Type<String> FIELD = Types.text("field name", StickyTypes::field);
    private static final Type<String> COOKIE_PATH = Types.text("path", StickyTypes::path);
    private static final Type<String> COOKIE_DOMAIN = Types.text("domain", StickyTypes::domain);

    private static final String SECRET_DOC = "What tokens are made with: at least " + StickySession.MIN_SECRET_LENGTH
            + " characters, best given as `${env:NAME}` or `${file:PATH}`.";
    private static final String ACCEPTED_DOC = "Tokens made with these are valid too, while the secret is changed.";
    private static final String UNAVAILABLE_DOC =
            "What becomes of a request whose target may not be used: another target, or 503.";

    static final Variants<StickySession> STICKY_SESSION = new Variants<StickySession>(
                    "StickySession", "How a client keeps the target that answered it first.")
            .add(
                    StickySession.Cookie.class,
                    new ObjectType<StickySession.Cookie, StickySession.Cookie>(
                                    "cookie",
                                    "By a cookie, for browsers.",
                                    StickySession.cookie("", ""),
                                    values -> StickySession.cookie(values.text("name"), values.text("secret")),
                                    one -> one)
                            .required("name", Syntax.TOKEN, StickySession.Cookie::name, "The cookie's name.")
                            .required("secret", SECRET, StickySession.Cookie::secret, SECRET_DOC)
                            .optional(
                                    "acceptedSecrets",
                                    SECRETS,
                                    StickySession.Cookie::acceptedSecrets,
                                    StickySession.Cookie::withAcceptedSecrets,
                                    ACCEPTED_DOC)
                            .optional(
                                    "whenUnavailable",
                                    Types.choice(WhenUnavailable.class),
                                    StickySession.Cookie::whenUnavailable,
                                    StickySession.Cookie::withWhenUnavailable,
                                    UNAVAILABLE_DOC)
                            .optional(
                                    "path",
                                    COOKIE_PATH,
                                    StickySession.Cookie::path,
                                    StickySession.Cookie::withPath,
                                    "Below which clients send it.")
                            .optional(
                                    "domain",
                                    COOKIE_DOMAIN,
                                    one -> one.domain().orElse(null),
                                    StickySession.Cookie::withDomain,
                                    "Whose hosts get it too; this host alone if left out.")
                            .optional(
                                    "maxAge",
                                    Types.duration(Duration.ofSeconds(1)),
                                    one -> one.maxAge().orElse(null),
                                    StickySession.Cookie::withMaxAge,
                                    "How long clients keep it after the last answer, in whole seconds; until the browser is"
                                            + " closed if left out.")
                            .optional(
                                    "httpOnly",
                                    Types.BOOLEAN,
                                    StickySession.Cookie::httpOnly,
                                    StickySession.Cookie::withHttpOnly,
                                    "Whether scripts cannot read it.")
                            .optional(
                                    "sameSite",
                                    Types.choice(SameSite.class),
                                    StickySession.Cookie::sameSite,
                                    StickySession.Cookie::withSameSite,
                                    "Whether other sites' requests bring it.")
                            .optional(
                                    "secure",
                                    Types.choice(Secure.class),
                                    StickySession.Cookie::secure,
                                    StickySession.Cookie::withSecure,
                                    "Whether it is sent over encrypted connections only; `auto`: if the request's scheme is"
                                            + " https.")
                            .rule(StickyTypes::checkCookie))
            .add(
                    StickySession.Header.class,
                    new ObjectType<StickySession.Header, StickySession.Header>(
                                    "header",
                                    "By a field of the answer that the client repeats in its requests, for programs.",
                                    StickySession.header("", ""),
                                    values -> StickySession.header(values.text("name"), values.text("secret")),
                                    one -> one)
                            .required("name", FIELD, StickySession.Header::name, "The name, regardless of case.")
                            .required("secret", SECRET, StickySession.Header::secret, SECRET_DOC)
                            .optional(
                                    "acceptedSecrets",
                                    SECRETS,
                                    StickySession.Header::acceptedSecrets,
                                    StickySession.Header::withAcceptedSecrets,
                                    ACCEPTED_DOC)
                            .optional(
                                    "whenUnavailable",
                                    Types.choice(WhenUnavailable.class),
                                    StickySession.Header::whenUnavailable,
                                    StickySession.Header::withWhenUnavailable,
                                    UNAVAILABLE_DOC))
            .rule(StickyTypes::checkSecrets);

    private StickyTypes() {}

    private static @Nullable String field(String text) {
        String name = text.toLowerCase(Locale.ROOT);
        // It is lost on both ways: targets do not see that of clients, and clients not that of targets.
        boolean taken = TAKEN_FIELDS.contains(name) || TAKEN_PREFIXES.stream().anyMatch(name::startsWith);
        return taken ? "a field of its own, such as X-Session, or a cookie" : Syntax.addedField(text);
    }

    private static @Nullable String path(String text) {
        boolean fine = text.startsWith("/") && text.chars().allMatch(c -> c > ' ' && c < 127 && c != ';');
        return fine ? null : "an absolute path of visible ASCII without ;";
    }

    private static @Nullable String domain(String text) {
        boolean fine = DOMAIN.matcher(text).matches() && !text.contains("..") && !text.matches("[0-9.]+");
        return fine ? null : "the name of a domain, without leading dot";
    }

    /** What browsers refuse, and what a Set-Cookie field cannot say. */
    private static void checkCookie(StickySession.Cookie cookie, String place, Context context) {
        Duration maxAge = cookie.maxAge().orElse(Duration.ZERO);
        String at = place + ".maxAge";
        if (maxAge.toNanosPart() != 0 && !context.broken(at)) {
            context.report("OUT_OF_RANGE", at, Durations.format(maxAge), "whole seconds");
        }
        boolean always = cookie.secure() == Secure.ALWAYS || context.broken(place + ".secure");
        if (cookie.sameSite() == SameSite.NONE && !always) {
            context.report(
                    "CONFLICT",
                    place + ".sameSite",
                    "none",
                    "lax or strict, or secure: always, without which browsers" + " refuse the cookie");
        }
        boolean ofHost = cookie.name().regionMatches(true, 0, "__Host-", 0, 7);
        if ((ofHost || cookie.name().regionMatches(true, 0, "__Secure-", 0, 9)) && !always) {
            prefix(cookie, place, "secure: always", context);
        }
        boolean whole = cookie.path().equals("/") || context.broken(place + ".path");
        if (ofHost && (!whole || cookie.domain().isPresent())) {
            prefix(cookie, place, "path: / and no domain", context);
        }
    }

    private static void prefix(StickySession.Cookie cookie, String place, String wanted, Context context) {
        String expectation = wanted + " with this prefix, or another name (browsers refuse the cookie)";
        context.report("CONFLICT", place + ".name", Context.quote(cookie.name()), expectation);
    }

    private static void checkSecrets(StickySession session, String place, Context context) {
        if (context.moved(place + ".acceptedSecrets")) {
            return;
        }
        Set<String> seen = new HashSet<>();
        seen.add(session.secret());
        for (int i = 0; i < session.acceptedSecrets().size(); i++) {
            String at = place + ".acceptedSecrets[" + i + "]";
            if (!seen.add(session.acceptedSecrets().get(i)) && !context.broken(at)) {
                context.report("DUPLICATE", at, "a secret that was there before", "another secret");
            }
        }
    }
}
