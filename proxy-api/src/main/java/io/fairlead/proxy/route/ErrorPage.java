package io.fairlead.proxy.route;

import static java.util.Objects.requireNonNull;

import io.fairlead.proxy.health.StatusRange;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The body of an error answer that the proxy makes itself, on a route or on the whole proxy, in place of two lines of text or
 * problem details. The status, the failure code, what is logged, and fields such as Retry-After, Allow or RateLimit stay.
 * Immutable; compares by value.
 *
 * <p>Of several pages for a status the client's Accept chooses (RFC 9110 §12.5.1); the first one if it has no preference. The
 * pages of a route come before those of the proxy, and the proxy's own text or JSON is left for a client that accepts none.
 *
 * <p>In HTML, XML, JSON and plain text these variables are replaced, and escaped for the type: <code>{status}</code>,
 * <code>{reason}</code> (its phrase), <code>{code}</code> (the failure code; empty for an upstream's answer),
 * <code>{host}</code>, <code>{path}</code> (raw, cut after 2,048 characters), <code>{requestId}</code> (the request's
 * {@code X-Request-Id}, cut after 200) and <code>{exchangeId}</code> (the number that the log has). Empty is what is not known, such
 * as the path of a request whose head is malformed. They are safe in text and in quoted attributes or strings, not inside scripts,
 * styles or URLs. Other braces stay as they are.
 */
public final class ErrorPage {

    private final String contentType;
    private final String text;
    private final String file;
    private final List<StatusRange> statuses;
    private final boolean intercept;

    private ErrorPage(String contentType, String text, String file, List<StatusRange> statuses, boolean intercept) {
        this.contentType = contentType;
        this.text = text;
        this.file = file;
        this.statuses = List.copyOf(statuses);
        this.intercept = intercept;
    }

    /** A page of this content. */
    public static ErrorPage of(String contentType, String text) {
        return new ErrorPage(
                requireNonNull(contentType, "contentType"), requireNonNull(text, "text"), "", List.of(), false);
    }

    /** A page of HTML. */
    public static ErrorPage html(String text) {
        return of("text/html; charset=utf-8", text);
    }

    /** A page of JSON. */
    public static ErrorPage json(String text) {
        return of("application/json", text);
    }

    /**
     * A page whose content stands in a file, in UTF-8. It is read when the proxy is built and with every update; a file that is
     * missing, not readable, not UTF-8 or longer than 1 MiB is a problem of the configuration.
     */
    public static ErrorPage file(String contentType, String path) {
        return new ErrorPage(
                requireNonNull(contentType, "contentType"), "", requireNonNull(path, "path"), List.of(), false);
    }

    /** The same for one of these statuses, 400 to 599. Default: all of them. */
    public ErrorPage on(int... more) {
        return on(Arrays.stream(more)
                .mapToObj(status -> new StatusRange(status, status))
                .toArray(StatusRange[]::new));
    }

    /** The same for the statuses in these ranges, within 400 to 599. */
    public ErrorPage on(StatusRange... more) {
        List<StatusRange> all = new ArrayList<>(statuses);
        all.addAll(Arrays.asList(more));
        return new ErrorPage(contentType, text, file, all, intercept);
    }

    /**
     * The same, and whether it replaces the body of upstreams' answers too. Their other fields stay, but for those that tell of
     * the body. Answers of middleware, handlers and fixed content are never replaced. Default: false.
     */
    public ErrorPage intercept(boolean newIntercept) {
        return new ErrorPage(contentType, text, file, statuses, newIntercept);
    }

    /** The value of Content-Type; the content is sent in UTF-8. */
    public String contentType() {
        return contentType;
    }

    /** The content with its variables; empty if it stands in a file. */
    public String text() {
        return text;
    }

    /** The path of the file; empty if there is none. */
    public String file() {
        return file;
    }

    /** The statuses that it is for; empty means all from 400 to 599. */
    public List<StatusRange> statuses() {
        return statuses;
    }

    /** Whether it replaces the body of upstreams' answers too. */
    public boolean intercept() {
        return intercept;
    }

    private List<Object> state() {
        return List.of(contentType, text, file, statuses, intercept);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ErrorPage page && state().equals(page.state());
    }

    @Override
    public int hashCode() {
        return state().hashCode();
    }

    @Override
    public String toString() {
        return "ErrorPage[" + contentType + (statuses.isEmpty() ? "" : " " + statuses) + "]";
    }
}
