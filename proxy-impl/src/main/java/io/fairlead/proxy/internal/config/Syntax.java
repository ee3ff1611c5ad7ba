package io.fairlead.proxy.internal.config;

import com.google.re2j.PatternSyntaxException;
import io.fairlead.proxy.http.HttpSyntax;
import io.fairlead.proxy.internal.net.CidrSet;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The rules of texts. */
final class Syntax {
    private static final Pattern HOST_NAME = Pattern.compile("[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})");
    private static final Pattern IPV4 =
            Pattern.compile("((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\\.|$)){4}(?<!\\.)");
    private static final Pattern IPV6_CHARS = Pattern.compile("[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");

    // The proxy frames messages and keeps connections itself; a value from elsewhere would let them be misread.
    private static final Set<String> OWN_FIELDS =
            Set.of("connection", "content-length", "keep-alive", "transfer-encoding", "upgrade");

    // What the transforms say of their texts is told by TransformPlan.
    static final Types.Rule TOKEN_RULE = Syntax::token;
    static final Type<String> FIELD = Types.text("field name", text -> null);
    /** The name of a field that is set or looked for, as against one that a match may ask for in vain. */
    static final Type<String> FIELD_NAME = Types.text("field name", TOKEN_RULE);
    /** A field that a request is given, other than those that frame it or say where it goes. */
    static final Type<String> ADDED_FIELD = Types.text("field name", Syntax::addedField);

    static final Type<String> PATH = Types.text("path", text -> null);
    static final Type<String> EXPRESSION = Types.text("regular expression", text -> null);
    static final Type<String> ANY_TEXT = Types.text("text", text -> null);
    static final Type<String> TEXT = Types.text("text", text -> text.isEmpty() ? "a text that is not empty" : null);
    static final Type<String> NAME = Types.text("name", Syntax::name);
    static final Type<String> ZONE = Types.text("zone", Syntax::zone);
    static final Type<String> TOKEN = Types.text("token", TOKEN_RULE);
    static final Type<String> REGEX = Types.text("regular expression", Syntax::regex);
    static final Type<String> NETWORK = Types.text("CIDR block or address", Syntax::network);
    static final Type<String> HOST = Types.text("address or host name", Syntax::host);
    static final Types.Rule TARGET_URL_RULE = Syntax::targetUrl;
    static final Type<String> TARGET_URL = Types.text("URL", "^http://[^/?#@\\s]+$", TARGET_URL_RULE);
    static final Types.Rule FILE_PATH_RULE = Syntax::filePath;
    static final Type<String> FILE_PATH = Types.text("path", FILE_PATH_RULE);
    static final Type<String> FIELD_VALUE = Types.text("text", Syntax::fieldValue);
    /** What a field is compared with, which arrives without space around it. */
    static final Type<String> OVERRIDE = Types.text("text", Syntax::wholeValue);
    /** The same of a cookie, which ends with a semicolon. */
    static final Type<String> COOKIE_OVERRIDE =
            Types.text("text", text -> text.indexOf(';') >= 0 ? "a cookie's value, without ;" : wholeValue(text));

    static final Type<String> LOCATION = Types.text("text", Syntax::location);
    static final Type<String> COOKIE_DOMAIN = Types.text("domain", Syntax::cookieDomain);

    private Syntax() {}

    private static @Nullable String name(String text) {
        boolean fine = !text.isBlank() && text.length() <= 200 && text.chars().noneMatch(Character::isISOControl);
        return fine ? null : "a name of 1 to 200 characters";
    }

    /** Without spaces, so that a list of targets may hold it as a word. */
    private static @Nullable String zone(String text) {
        boolean fine = !text.isEmpty()
                && text.length() <= 100
                && text.chars().noneMatch(c -> Character.isISOControl(c) || Character.isWhitespace(c) || c == 0xa0);
        return fine ? null : "a zone of 1 to 100 characters without spaces";
    }

    private static @Nullable String filePath(String text) {
        try {
            return Path.of(text).toString().isEmpty() ? "the path of a file" : null;
        } catch (InvalidPathException e) {
            return "the path of a file";
        }
    }

    static @Nullable String addedField(String text) {
        String name = text.toLowerCase(Locale.ROOT);
        return name.equals("host") || OWN_FIELDS.contains(name)
                ? "a field other than Host and those that frame a message or steer a connection"
                : token(text);
    }

    private static @Nullable String token(String text) {
        return HttpSyntax.isToken(text) ? null : "a token (RFC 9110 5.6.2)";
    }

    private static @Nullable String fieldValue(String text) {
        return HttpSyntax.isFieldValue(text) ? null : "a field value without control characters (RFC 9110 5.5)";
    }

    static @Nullable String settableField(String text) {
        return OWN_FIELDS.contains(text.toLowerCase(Locale.ROOT))
                ? "a field that the proxy does not set itself"
                : token(text);
    }

    private static @Nullable String wholeValue(String text) {
        return text.isEmpty() || !text.equals(text.strip()) ? "a text without space around it" : fieldValue(text);
    }

    private static @Nullable String location(String text) {
        return text.isBlank() ? "a URL or path" : fieldValue(text);
    }

    private static @Nullable String regex(String text) {
        try {
            com.google.re2j.Pattern.compile(text);
            return null;
        } catch (PatternSyntaxException e) {
            return "a regular expression of RE2: " + e.getDescription();
        }
    }

    private static @Nullable String network(String text) {
        try {
            CidrSet.parse(List.of(text));
            return null;
        } catch (IllegalArgumentException e) {
            return "a CIDR block such as 10.0.0.0/8, or an address";
        }
    }

    private static boolean isIpv6(String text) {
        if (!IPV6_CHARS.matcher(text).matches()) {
            return false;
        }
        try {
            // Never a look-up: what holds a colon is an address or an error.
            InetAddress.getByName(text);
            return true;
        } catch (UnknownHostException e) {
            return false;
        }
    }

    private static @Nullable String host(String text) {
        boolean fine = isIpv6(text) || isHostOrIpv4(text);
        return fine ? null : "an address such as 127.0.0.1 or ::1, or a local host name";
    }

    private static boolean isHostOrIpv4(String text) {
        // Digits and dots alone are an address, and must be a whole one.
        return text.matches("[0-9.]+")
                ? IPV4.matcher(text).matches()
                : HOST_NAME.matcher(text).matches() && !text.contains("..");
    }

    /** Whether a text is a host, with a port or without. */
    static boolean isAuthority(String text) {
        return targetUrl("http://" + text) == null;
    }

    private static @Nullable String targetUrl(String url) {
        String expectation = "http://host[:port]";
        if (url.regionMatches(true, 0, "https://", 0, 8)) {
            return expectation + " (https is not supported yet)";
        }
        if (!url.regionMatches(true, 0, "http://", 0, 7)) {
            return expectation;
        }
        String authority = url.substring(7);
        if (authority.indexOf('@') >= 0) {
            return expectation + ", without user";
        }
        for (char c : new char[] {'/', '?', '#'}) {
            if (authority.indexOf(c) >= 0) {
                return expectation + ", without path or query";
            }
        }
        int bracket = authority.lastIndexOf(']');
        int colon = authority.indexOf(':', bracket + 1);
        String host = colon < 0 ? authority : authority.substring(0, colon);
        boolean literal = host.startsWith("[") && host.endsWith("]");
        if (literal ? !isIpv6(host.substring(1, host.length() - 1)) : !isHostOrIpv4(host)) {
            return expectation;
        }
        if (colon >= 0) {
            String port = authority.substring(colon + 1);
            if (!port.matches("[0-9]{1,5}") || Integer.parseInt(port) < 1 || Integer.parseInt(port) > 65_535) {
                return expectation + " with a port of 1 to 65535";
            }
        }
        return null;
    }

    private static @Nullable String cookieDomain(String text) {
        return text.isEmpty() || text.startsWith(".") ? "a domain without leading dot, or *" : null;
    }
}
