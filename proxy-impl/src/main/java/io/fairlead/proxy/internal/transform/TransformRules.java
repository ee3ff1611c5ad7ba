package io.fairlead.proxy.internal.transform;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.fairlead.proxy.Problem;
import io.fairlead.proxy.http.HttpSyntax;
import io.fairlead.proxy.internal.route.PathTemplate;
import io.fairlead.proxy.transform.Transform;
import io.fairlead.proxy.transform.Transform.Edit;
import io.fairlead.proxy.transform.Transform.Part;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What a transform may say. Every problem of one transform is found, not only the first. */
final class TransformRules {

    /** Fields of the connection or of the framing, which are the proxy's own (RFC 9110 §7.6.1, RFC 9112 §6). */
    private static final Set<String> CONNECTION_FIELDS = Set.of(
            "connection",
            "content-length",
            "http2-settings",
            "keep-alive",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade");

    /** Of these, the ones whose removal would change framing or connection, too; to remove the others is harmless. */
    private static final Set<String> NEVER_REMOVED =
            Set.of("connection", "content-length", "host", "transfer-encoding");

    /** Fields that must not stand in trailers (RFC 9110 §6.5.1): framing, routing, content, authentication, control. */
    private static final Set<String> NO_TRAILERS = Set.of(
            "age",
            "authorization",
            "cache-control",
            "content-encoding",
            "content-range",
            "content-type",
            "cookie",
            "date",
            "expect",
            "expires",
            "host",
            "if-match",
            "if-modified-since",
            "if-none-match",
            "if-range",
            "if-unmodified-since",
            "location",
            "max-forwards",
            "pragma",
            "proxy-authenticate",
            "proxy-authorization",
            "range",
            "retry-after",
            "set-cookie",
            "vary",
            "www-authenticate");

    private static final String PATH_SYNTAX =
            "a raw path: unreserved characters, !$&'()*+,;=:@/ and %XX (RFC 3986 3.3), and {variables}";

    private final String place;
    private final List<Problem> problems;

    TransformRules(String place, List<Problem> problems) {
        this.place = place;
        this.problems = problems;
    }

    void check(Transform transform) {
        if (transform instanceof Transform.SetPath edit) {
            path("path", edit.path(), true);
        } else if (transform instanceof Transform.StripPrefix edit) {
            prefix(edit.prefix(), false);
        } else if (transform instanceof Transform.AddPrefix edit) {
            prefix(edit.prefix(), true);
        } else if (transform instanceof Transform.PathRegex edit) {
            regex(edit);
        } else if (transform instanceof Transform.PathTemplate edit) {
            template(edit);
        } else if (transform instanceof Transform.Query edit) {
            if (edit.name().isEmpty()) {
                report("MISSING", "name", edit.name(), "the name of a parameter");
            }
        } else if (transform instanceof Transform.Header edit) {
            header(edit);
        } else if (transform instanceof Transform.RewriteLocation edit) {
            location(edit);
        } else if (transform instanceof Transform.RewriteCookie edit) {
            cookie(edit);
        } else if (transform instanceof Transform.BodyEdit edit) {
            body(edit);
        }
    }

    private void prefix(String prefix, boolean variables) {
        if (prefix.isEmpty() || prefix.equals("/")) {
            report("MISSING", "prefix", prefix, "at least one segment, such as /api");
        } else {
            path("prefix", prefix, variables);
        }
    }

    private void path(String property, String path, boolean variables) {
        if (!path.startsWith("/")) {
            report("BAD_SYNTAX", property, path, "a path that begins with /");
        }
        // A variable may be empty, and is never a dot: expandPath sees to that.
        String literals = variables ? Template.of(path, Encoding.URI).literals() : path;
        if (!isRawPath(literals)) {
            report(
                    "BAD_SYNTAX",
                    property,
                    path,
                    variables ? PATH_SYNTAX : PATH_SYNTAX.replace(", and {variables}", ""));
        } else if (PathEdits.hasDotSegment(path)) {
            report("BAD_SYNTAX", property, path, "a path without the segments . and ..");
        }
    }

    private static boolean isRawPath(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean plain = Encoding.isUnreserved(c) || "!$&'()*+,;=:@/".indexOf(c) >= 0;
            if (!plain && Encoding.percent(text, i) < 0) {
                return false;
            }
        }
        return true;
    }

    private void regex(Transform.PathRegex edit) {
        Pattern pattern;
        try {
            pattern = Pattern.compile(edit.regex());
        } catch (PatternSyntaxException e) {
            report("BAD_REGEX", "regex", edit.regex(), "an RE2 regular expression: " + e.getDescription());
            return;
        }
        if (edit.regex().isEmpty()) {
            report("MISSING", "regex", edit.regex(), "an RE2 regular expression");
        }
        try {
            for (PathEdits.Piece piece : PathEdits.replacement(edit.replacement(), pattern)) {
                if (piece instanceof PathEdits.Piece.Literal literal && !isRawPath(literal.text())) {
                    report("BAD_SYNTAX", "replacement", edit.replacement(), PATH_SYNTAX);
                    return;
                }
            }
        } catch (PatternSyntaxException e) {
            report(
                    "BAD_SYNTAX",
                    "replacement",
                    edit.replacement(),
                    "$1 or ${name} of a group of the regex, \\$ for a dollar: " + e.getDescription());
        }
    }

    private void template(Transform.PathTemplate edit) {
        boolean rest = edit.replacement().endsWith("/**");
        try {
            if (!PathTemplate.parse(edit.template()).isPrefix() && rest) {
                report("BAD_SYNTAX", "replacement", edit.replacement(), "no \"**\", since the template has none");
                return;
            }
        } catch (IllegalArgumentException e) {
            report("BAD_SYNTAX", "template", edit.template(), String.valueOf(e.getMessage()));
        }
        String path = PathEdits.withoutRest(edit.replacement());
        if (path.contains("**")) {
            report("BAD_SYNTAX", "replacement", edit.replacement(), "a path with \"**\" as its last segment only");
        } else if (!path.isEmpty() || !rest) {
            path("replacement", path, true);
        }
    }

    private void header(Transform.Header edit) {
        String name = edit.name().toLowerCase(Locale.ROOT);
        if (!HttpSyntax.isToken(edit.name())) {
            report("BAD_SYNTAX", "name", edit.name(), "a field name (token, RFC 9110 5.6.2)");
        } else if (edit.edit() == Edit.REMOVE) {
            if (NEVER_REMOVED.contains(name)) {
                report("NOT_ALLOWED", "name", edit.name(), "a field that is not the proxy's own");
            }
        } else if (CONNECTION_FIELDS.contains(name)) {
            report("NOT_ALLOWED", "name", edit.name(), "a field that is not the proxy's own");
        } else if (name.equals("host") && (edit.part() != Part.REQUEST || edit.edit() != Edit.SET)) {
            report("NOT_ALLOWED", "name", edit.name(), "Host only to be set, and in a request");
        } else if (isTrailer(edit.part()) && NO_TRAILERS.contains(name)) {
            report("NOT_ALLOWED", "name", edit.name(), "a field that may stand in trailers (RFC 9110 6.5.1)");
        }
        String value = edit.value();
        if (!HttpSyntax.isFieldValue(value) || !value.equals(value.strip())) {
            report(
                    "BAD_SYNTAX",
                    "value",
                    printable(value),
                    "a field value without control characters, or blanks at its ends (RFC 9110 5.5)");
        } else if (name.equals("host") && edit.edit() == Edit.SET && !isHost(value)) {
            report("BAD_SYNTAX", "value", value, "a host with an optional port");
        }
    }

    private static boolean isTrailer(Part part) {
        return part == Part.REQUEST_TRAILER || part == Part.RESPONSE_TRAILER;
    }

    private static boolean isHost(String value) {
        String literals = Template.of(value, Encoding.URI).literals();
        for (int i = 0; i < literals.length(); i++) {
            char c = literals.charAt(i);
            if (!Encoding.isUnreserved(c) && "!$&'()*+;=:[]%".indexOf(c) < 0) {
                return false;
            }
        }
        return !value.isEmpty();
    }

    private void location(Transform.RewriteLocation edit) {
        if (edit.from().isEmpty()) {
            report("MISSING", "from", edit.from(), "the beginning to replace, such as http://internal:8080/");
        }
        uriText("from", edit.from());
        uriText("to", Template.of(edit.to(), Encoding.URI).literals());
    }

    private void cookie(Transform.RewriteCookie edit) {
        boolean domain = edit.attribute() == Transform.CookieAttribute.DOMAIN;
        if (edit.from().isEmpty()) {
            report("MISSING", "from", edit.from(), domain ? "a domain, or * for any" : "the beginning of a path");
        }
        String to = Template.of(edit.to(), Encoding.URI).literals();
        if (domain) {
            if (to.contains("/") || to.contains(":")) {
                report("BAD_SYNTAX", "to", edit.to(), "a domain without scheme and port");
            }
        } else if (!edit.to().isEmpty() && !edit.to().startsWith("/")) {
            // A browser would take another path for none at all (RFC 6265 §5.2.4).
            report("BAD_SYNTAX", "to", edit.to(), "a path that begins with /");
        }
        attributeText("from", edit.from());
        attributeText("to", to);
    }

    private void attributeText(String property, String text) {
        if (text.indexOf(';') >= 0) {
            report("BAD_SYNTAX", property, text, "no semicolon, which would end the attribute");
        } else {
            uriText(property, text);
        }
    }

    /** Visible ASCII: what may stand in a URI reference or a cookie attribute. */
    private void uriText(String property, String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) <= ' ' || text.charAt(i) > 126) {
                report("BAD_SYNTAX", property, printable(text), "visible ASCII without blanks");
                return;
            }
        }
    }

    private void body(Transform.BodyEdit edit) {
        if (isTrailer(edit.part())) {
            report("NOT_ALLOWED", "part", edit.part().name(), "REQUEST or RESPONSE");
        }
        if (edit.name().isEmpty()) {
            report("MISSING", "name", edit.name(), "the name of a registered body transform");
        }
        if (edit.maxBytes() < 1) {
            report("OUT_OF_RANGE", "maxBytes", Integer.toString(edit.maxBytes()), ">= 1");
        }
    }

    private void report(String code, String property, String value, String expectation) {
        problems.add(new Problem(code, place + "." + property, value, expectation));
    }

    private static String printable(String text) {
        StringBuilder out = new StringBuilder();
        for (char c : text.toCharArray()) {
            out.append(c < ' ' || c > 126 ? String.format("\\u%04x", (int) c) : String.valueOf(c));
        }
        return out.toString();
    }
}
