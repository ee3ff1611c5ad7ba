package io.fairlead.proxy.internal.response;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.Headers;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The body of an answer that the proxy itself makes for a failure: two lines of text, or problem details (RFC 9457) for a
 * client that prefers JSON. It names the status and the code and nothing else: no detail, no host name, no stack trace. The
 * bodies of all {@link FailureCode}s are made once.
 */
public final class ErrorBody {
    private static final String TEXT = "text/plain; charset=utf-8";
    private static final String PROBLEM = "application/problem+json";

    private static final Map<FailureCode, ErrorBody> TEXTS = new EnumMap<>(FailureCode.class);
    private static final Map<FailureCode, ErrorBody> PROBLEMS = new EnumMap<>(FailureCode.class);

    static {
        for (FailureCode code : FailureCode.values()) {
            TEXTS.put(code, text(code.status(), code.name()));
            PROBLEMS.put(code, problem(code.status(), code.name()));
        }
    }

    private final String contentType;
    private final byte[] bytes;
    private final boolean varies;

    private ErrorBody(String contentType, String content) {
        this(contentType, content.getBytes(UTF_8), false);
    }

    /** @param varies whether a cache must know that the request's Accept has chosen it */
    ErrorBody(String contentType, byte[] bytes, boolean varies) {
        this.contentType = contentType;
        this.bytes = bytes;
        this.varies = varies;
    }

    /** The same, and a cache must know that the request's Accept has chosen it. */
    ErrorBody varying() {
        return varies ? this : new ErrorBody(contentType, bytes, true);
    }

    /** Puts into the fields of an answer what tells of this body. */
    public void describeIn(Headers fields) {
        fields.set("Content-Type", contentType);
        if (varies && !variesByAccept(fields)) {
            fields.add("Vary", "Accept");
        }
    }

    private static boolean variesByAccept(Headers fields) {
        for (String line : fields.all("Vary")) {
            for (String name : line.split(",", -1)) {
                if (name.trim().equalsIgnoreCase("Accept") || name.trim().equals("*")) {
                    return true;
                }
            }
        }
        return false;
    }

    /**
     * The body for a failure.
     *
     * @param accept the request's Accept field, several joined by commas; null if there is none
     */
    public static ErrorBody of(FailureCode code, @Nullable String accept) {
        ErrorBody body = (Accept.prefersJson(accept) ? PROBLEMS : TEXTS).get(code);
        return body != null ? body : text(code.status(), code.name());
    }

    /**
     * The body for a status with a code that is not a {@link FailureCode}.
     *
     * @param code letters, digits, {@code _}, {@code -} and {@code .}
     * @param accept the request's Accept field, several joined by commas; null if there is none
     */
    public static ErrorBody of(int status, String code, @Nullable String accept) {
        // Such a code needs no escaping, in text and in JSON alike.
        for (int i = 0; i < code.length(); i++) {
            char c = code.charAt(i);
            if (!(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || "_-.".indexOf(c) >= 0)) {
                throw new IllegalArgumentException("code: " + code + " (expected: letters, digits, '_', '-' and '.')");
            }
        }
        return Accept.prefersJson(accept) ? problem(status, code) : text(status, code);
    }

    /** The value of Content-Type. */
    public String contentType() {
        return contentType;
    }

    /** The content; shared, so never to be written to. */
    public byte[] bytes() {
        return bytes;
    }

    private static ErrorBody text(int status, String code) {
        String phrase = ReasonPhrases.of(status);
        return new ErrorBody(TEXT, status + (phrase.isEmpty() ? "" : " " + phrase) + "\n" + code + "\n");
    }

    private static ErrorBody problem(int status, String code) {
        return new ErrorBody(
                PROBLEM,
                "{\"type\":\"about:blank\",\"title\":\"" + ReasonPhrases.of(status) + "\",\"status\":" + status
                        + ",\"code\":\"" + code + "\"}\n");
    }
}
