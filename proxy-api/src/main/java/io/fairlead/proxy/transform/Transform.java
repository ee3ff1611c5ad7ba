package io.fairlead.proxy.transform;

import static java.util.Objects.requireNonNull;

/**
 * An edit of the request on its way upstream or of the response on its way back: data, so that it prints, compares and
 * reads from JSON. Edits run in the order in which they were added.
 *
 * <p>In values <code>{name}</code> stands for a variable of the route's match, percent-encoded where it goes into a path or
 * query; a variable that was not captured is the empty string.
 */
public sealed interface Transform {

    /** Replaces the path; the query stays. */
    static Transform setPath(String path) {
        return new SetPath(requireNonNull(path, "path"));
    }

    /** Removes this prefix of whole segments from the raw path, if it is there; {@code /} is left of nothing. */
    static Transform stripPrefix(String prefix) {
        return new StripPrefix(requireNonNull(prefix, "prefix"));
    }

    /** Puts this before the path. */
    static Transform addPrefix(String prefix) {
        return new AddPrefix(requireNonNull(prefix, "prefix"));
    }

    /**
     * Replaces each match in the raw path, with {@code $1} or <code>${name}</code> for groups. The regular expression
     * is one of RE2/J, see {@link io.fairlead.proxy.route.Match}.
     */
    static Transform pathRegex(String regex, String replacement) {
        return new PathRegex(requireNonNull(regex, "regex"), requireNonNull(replacement, "replacement"));
    }

    /**
     * Rewrites a path that fits a template to another one; a path that does not fit stays as it is. {@code
     * pathTemplate("/api/{id}/x/**", "/v2/{id}/**")} makes {@code /v2/7/a%2Fb} of {@code /api/7/x/a%2Fb}.
     *
     * <p>What a variable of the template, or <code>**</code> at its end, stands for goes into the new path byte for byte.
     * Segments are compared as in routing: escapes of unreserved characters count as the characters, path parameters and
     * empty segments do not count, and dot segments are resolved before, so that none is left to climb out of the
     * replacement; an escaped slash ({@code %2F}) stays a part of its segment, as in routes.
     *
     * @param template in the syntax of {@link io.fairlead.proxy.route.Match#path}
     * @param replacement the new path; a <code>{name}</code> that the template does not have is a variable of the route's
     *     match
     */
    static Transform pathTemplate(String template, String replacement) {
        return new PathTemplate(requireNonNull(template, "template"), requireNonNull(replacement, "replacement"));
    }

    /** Sets a query parameter in place of those of its name. Name and value are given decoded. */
    static Transform setQuery(String name, String value) {
        return new Query(Edit.SET, requireNonNull(name, "name"), requireNonNull(value, "value"));
    }

    /** Adds a query parameter. Name and value are given decoded. */
    static Transform addQuery(String name, String value) {
        return new Query(Edit.ADD, requireNonNull(name, "name"), requireNonNull(value, "value"));
    }

    /** Removes the query parameters of this name. */
    static Transform removeQuery(String name) {
        return new Query(Edit.REMOVE, requireNonNull(name, "name"), "");
    }

    /** Sets a request header field in place of those of its name. */
    static Transform setRequestHeader(String name, String value) {
        return new Header(Part.REQUEST, Edit.SET, requireNonNull(name, "name"), requireNonNull(value, "value"));
    }

    /** Adds a request header field. */
    static Transform addRequestHeader(String name, String value) {
        return new Header(Part.REQUEST, Edit.ADD, requireNonNull(name, "name"), requireNonNull(value, "value"));
    }

    /** Removes the request header fields of this name. */
    static Transform removeRequestHeader(String name) {
        return new Header(Part.REQUEST, Edit.REMOVE, requireNonNull(name, "name"), "");
    }

    /**
     * Sets a request trailer field in place of those of its name. Trailers need the chunked coding, so a request whose
     * body has a length is sent chunked instead; one without a body has no trailers and stays as it is (RFC 9110 §6.5).
     */
    static Transform setRequestTrailer(String name, String value) {
        return new Header(Part.REQUEST_TRAILER, Edit.SET, requireNonNull(name, "name"), requireNonNull(value, "value"));
    }

    /** Adds a request trailer field; see {@link #setRequestTrailer} for how it is sent. */
    static Transform addRequestTrailer(String name, String value) {
        return new Header(Part.REQUEST_TRAILER, Edit.ADD, requireNonNull(name, "name"), requireNonNull(value, "value"));
    }

    /** Removes the request trailer fields of this name. */
    static Transform removeRequestTrailer(String name) {
        return new Header(Part.REQUEST_TRAILER, Edit.REMOVE, requireNonNull(name, "name"), "");
    }

    /** Sets a response header field in place of those of its name. */
    static Transform setResponseHeader(String name, String value) {
        return new Header(Part.RESPONSE, Edit.SET, requireNonNull(name, "name"), requireNonNull(value, "value"));
    }

    /** Adds a response header field. */
    static Transform addResponseHeader(String name, String value) {
        return new Header(Part.RESPONSE, Edit.ADD, requireNonNull(name, "name"), requireNonNull(value, "value"));
    }

    /** Removes the response header fields of this name. */
    static Transform removeResponseHeader(String name) {
        return new Header(Part.RESPONSE, Edit.REMOVE, requireNonNull(name, "name"), "");
    }

    /** Sets a response trailer field in place of those of its name; only sent with the chunked coding. */
    static Transform setResponseTrailer(String name, String value) {
        return new Header(
                Part.RESPONSE_TRAILER, Edit.SET, requireNonNull(name, "name"), requireNonNull(value, "value"));
    }

    /** Adds a response trailer field; only sent with the chunked coding. */
    static Transform addResponseTrailer(String name, String value) {
        return new Header(
                Part.RESPONSE_TRAILER, Edit.ADD, requireNonNull(name, "name"), requireNonNull(value, "value"));
    }

    /** Removes the response trailer fields of this name. */
    static Transform removeResponseTrailer(String name) {
        return new Header(Part.RESPONSE_TRAILER, Edit.REMOVE, requireNonNull(name, "name"), "");
    }

    /**
     * Rewrites the beginning of Location and Content-Location fields, so that redirects of the upstream stay on the
     * proxy.
     *
     * @param from the beginning to replace, such as {@code http://internal:8080/}
     * @param to what stands there instead, such as {@code /shop/}
     */
    static Transform rewriteLocation(String from, String to) {
        return new RewriteLocation(requireNonNull(from, "from"), requireNonNull(to, "to"));
    }

    /**
     * Rewrites the Domain attribute of Set-Cookie fields.
     *
     * @param from the domain to replace, without leading dot; {@code *} for any
     * @param to the new domain; empty removes the attribute
     */
    static Transform rewriteCookieDomain(String from, String to) {
        return new RewriteCookie(CookieAttribute.DOMAIN, requireNonNull(from, "from"), requireNonNull(to, "to"));
    }

    /**
     * Rewrites the beginning of the Path attribute of Set-Cookie fields.
     *
     * @param from the beginning to replace
     * @param to what stands there instead
     */
    static Transform rewriteCookiePath(String from, String to) {
        return new RewriteCookie(CookieAttribute.PATH, requireNonNull(from, "from"), requireNonNull(to, "to"));
    }

    /**
     * Replaces the request body as a whole by what a registered function makes of it.
     *
     * @param name of a function given to {@code ReverseProxy.Builder.registerBodyTransform}
     * @param maxBytes the longest body that is held in memory for it; a longer one is answered 413
     */
    static Transform requestBody(String name, int maxBytes) {
        return new BodyEdit(Part.REQUEST, requireNonNull(name, "name"), maxBytes);
    }

    /**
     * Replaces the response body as a whole by what a registered function makes of it.
     *
     * @param name of a function given to {@code ReverseProxy.Builder.registerBodyTransform}
     * @param maxBytes the longest body that is held in memory for it; a longer one fails the exchange with
     *     {@code TRANSFORM_FAILED}
     */
    static Transform responseBody(String name, int maxBytes) {
        return new BodyEdit(Part.RESPONSE, requireNonNull(name, "name"), maxBytes);
    }

    /** What is done with a field or parameter. */
    enum Edit {
        /** Put in place of those of the name. */
        SET,
        /** Added to those of the name. */
        ADD,
        /** All of the name removed. */
        REMOVE
    }

    /** Which part of the messages is edited. */
    enum Part {
        /** The request. */
        REQUEST,
        /** The trailers of the request. */
        REQUEST_TRAILER,
        /** The response. */
        RESPONSE,
        /** The trailers of the response. */
        RESPONSE_TRAILER
    }

    /** Which attribute of a cookie is rewritten. */
    enum CookieAttribute {
        /** Domain. */
        DOMAIN,
        /** Path. */
        PATH
    }

    /**
     * See {@link Transform#setPath}.
     *
     * @param path the new path, with variables
     */
    record SetPath(String path) implements Transform {}

    /**
     * See {@link Transform#stripPrefix}.
     *
     * @param prefix of whole segments
     */
    record StripPrefix(String prefix) implements Transform {}

    /**
     * See {@link Transform#addPrefix}.
     *
     * @param prefix with variables
     */
    record AddPrefix(String prefix) implements Transform {}

    /**
     * See {@link Transform#pathRegex}.
     *
     * @param regex looked for in the raw path
     * @param replacement with group references
     */
    record PathRegex(String regex, String replacement) implements Transform {}

    /**
     * See {@link Transform#pathTemplate}.
     *
     * @param template that the path must fit
     * @param replacement with variables of the template and of the route
     */
    record PathTemplate(String template, String replacement) implements Transform {}

    /**
     * An edit of the query.
     *
     * @param edit what is done
     * @param name of the parameter, decoded
     * @param value decoded, with variables; empty for a removal
     */
    record Query(Edit edit, String name, String value) implements Transform {}

    /**
     * An edit of header or trailer fields.
     *
     * @param part of the messages
     * @param edit what is done
     * @param name of the field
     * @param value with variables; empty for a removal
     */
    record Header(Part part, Edit edit, String name, String value) implements Transform {}

    /**
     * See {@link Transform#rewriteLocation}.
     *
     * @param from the beginning to replace
     * @param to what stands there instead
     */
    record RewriteLocation(String from, String to) implements Transform {}

    /**
     * See {@link Transform#rewriteCookieDomain} and {@link Transform#rewriteCookiePath}.
     *
     * @param attribute which one
     * @param from what is replaced
     * @param to what stands there instead
     */
    record RewriteCookie(CookieAttribute attribute, String from, String to) implements Transform {}

    /**
     * See {@link Transform#requestBody} and {@link Transform#responseBody}.
     *
     * @param part the request or the response
     * @param name of the registered function
     * @param maxBytes the cap on what is held in memory
     */
    record BodyEdit(Part part, String name, int maxBytes) implements Transform {}
}
