package io.fairlead.proxy.internal.response;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.route.ErrorPage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The bodies of the error answers of a route, or of requests that have none: the pages that are configured, and
 * {@link ErrorBody} for what these leave. Everything that does not depend on the request is made once, so that an overloaded proxy
 * has nothing to compose.
 */
public final class ErrorPages {

    /** Of a proxy that has no pages. */
    public static final ErrorPages NONE = new ErrorPages(List.of(), List.of());

    private static final int FIRST = 400;
    private static final int LAST = 599;

    /** What is shown of a value that clients choose. */
    private static final int MAX_PATH = 2_048;

    private static final int MAX_ID = 200;

    /** What describes the body of an answer and is wrong for another one. */
    private static final String[] OF_BODIES = {
        "Content-Encoding",
        "Content-Language",
        "Content-Location",
        "Content-Disposition",
        "Content-MD5",
        "Content-Digest",
        "Repr-Digest",
        "Digest",
        "ETag",
        "Last-Modified",
        "Accept-Ranges",
        "Content-Length",
        "Trailer"
    };

    /**
     * What a page may tell of the request; empty is what is not known.
     *
     * @param path raw
     * @param requestId of its X-Request-Id
     */
    public record Details(String host, String path, String requestId, String exchangeId) {
        /** Of a request that could not be read. */
        public static final Details UNKNOWN = new Details("", "", "", "");
    }

    /** A page ready to be sent. */
    private record Page(
            String contentType,
            String type,
            boolean intercept,
            PageTemplate template,
            @Nullable ErrorBody fixed) {

        static Page of(ErrorPage page, String content) {
            String contentType = page.contentType();
            int semicolon = contentType.indexOf(';');
            String type = (semicolon < 0 ? contentType : contentType.substring(0, semicolon))
                    .trim()
                    .toLowerCase(Locale.ROOT);
            PageTemplate template = new PageTemplate(type, content);
            byte[] bytes = template.fixed();
            return new Page(
                    contentType,
                    type,
                    page.intercept(),
                    template,
                    bytes == null ? null : new ErrorBody(contentType, bytes, true));
        }

        ErrorBody body(int status, @Nullable FailureCode code, Supplier<Details> details) {
            ErrorBody known = fixed;
            if (known != null) {
                return known;
            }
            Details of = details.get();
            byte[] bytes = template.fill(variable -> switch (variable) {
                case STATUS -> String.valueOf(status);
                case REASON -> ReasonPhrases.of(status);
                case CODE -> code == null ? "" : code.name();
                case HOST -> cut(of.host(), MAX_ID + 100);
                case PATH -> cut(of.path(), MAX_PATH);
                case REQUEST_ID -> cut(of.requestId(), MAX_ID);
                case EXCHANGE_ID -> of.exchangeId();
            });
            return new ErrorBody(contentType, bytes, true);
        }

        private static String cut(String value, int max) {
            return value.length() <= max ? value : value.substring(0, max) + "...";
        }
    }

    /** The pages for one status, in order, and their types. */
    private record Choice(List<Page> pages, List<String> types) {
        static Choice of(List<Page> pages) {
            return new Choice(pages, pages.stream().map(Page::type).toList());
        }

        @Nullable
        Page choose(@Nullable String accept) {
            int place = pages.isEmpty() ? -1 : Accept.choose(accept, types);
            return place < 0 ? null : pages.get(place);
        }
    }

    /** For each status the choices: the route's pages, then the proxy's. */
    private final List<List<Choice>> own;

    private final List<List<Choice>> intercepting;
    private final boolean intercepts;

    private ErrorPages(List<List<Choice>> own, List<List<Choice>> intercepting) {
        this.own = own;
        this.intercepting = intercepting;
        this.intercepts = intercepting.stream().anyMatch(choices -> !choices.isEmpty());
    }

    /**
     * Makes the pages ready.
     *
     * @param ofRoute those that come first
     * @param ofProxy those that come after them
     */
    public static ErrorPages of(List<ErrorPage> ofRoute, List<ErrorPage> ofProxy, PageContents contents) {
        if (ofRoute.isEmpty() && ofProxy.isEmpty()) {
            return NONE;
        }
        List<List<Choice>> own = new ArrayList<>();
        List<List<Choice>> intercepting = new ArrayList<>();
        List<Ready> route = ready(ofRoute, contents);
        List<Ready> proxy = ready(ofProxy, contents);
        for (int status = FIRST; status <= LAST; status++) {
            own.add(choices(route, proxy, status, false));
            intercepting.add(choices(route, proxy, status, true));
        }
        return new ErrorPages(List.copyOf(own), List.copyOf(intercepting));
    }

    private record Ready(ErrorPage config, Page page) {
        boolean isFor(int status) {
            return config.statuses().isEmpty() || config.statuses().stream().anyMatch(range -> range.contains(status));
        }
    }

    private static List<Ready> ready(List<ErrorPage> pages, PageContents contents) {
        List<Ready> ready = new ArrayList<>();
        for (ErrorPage page : pages) {
            String content = contents.of(page);
            if (content != null) {
                ready.add(new Ready(page, Page.of(page, content)));
            }
        }
        return ready;
    }

    private static List<Choice> choices(List<Ready> route, List<Ready> proxy, int status, boolean intercepting) {
        List<Choice> choices = new ArrayList<>();
        for (List<Ready> some : List.of(route, proxy)) {
            List<Page> pages = some.stream()
                    .filter(one ->
                            one.isFor(status) && (!intercepting || one.page().intercept()))
                    .map(Ready::page)
                    .toList();
            if (!pages.isEmpty()) {
                choices.add(Choice.of(pages));
            }
        }
        return List.copyOf(choices);
    }

    /** Whether a page replaces what upstreams say of their errors. */
    public boolean intercepts() {
        return intercepts;
    }

    /**
     * The body for a failure of the proxy.
     *
     * @param accept the request's Accept field, several joined by commas; null if there is none
     * @param details asked only for a page that shows some of them
     */
    public ErrorBody of(FailureCode code, @Nullable String accept, Supplier<Details> details) {
        List<Choice> choices = at(own, code.status());
        if (choices.isEmpty()) {
            return ErrorBody.of(code, accept);
        }
        Page page = choose(choices, accept);
        return page == null ? ErrorBody.of(code, accept).varying() : page.body(code.status(), code, details);
    }

    /** The body in place of an upstream's for an error; null if that one stays. */
    public @Nullable ErrorBody intercepted(int status, @Nullable String accept, Supplier<Details> details) {
        Page page = choose(at(intercepting, status), accept);
        return page == null ? null : page.body(status, null, details);
    }

    private static List<Choice> at(List<List<Choice>> all, int status) {
        return all.isEmpty() || status < FIRST || status > LAST ? List.of() : all.get(status - FIRST);
    }

    private static @Nullable Page choose(List<Choice> choices, @Nullable String accept) {
        for (Choice choice : choices) {
            Page page = choice.choose(accept);
            if (page != null) {
                return page;
            }
        }
        return null;
    }

    /** Removes from the fields of an answer what tells of a body that is another one now. */
    public static void forgetBody(Headers fields) {
        for (String name : OF_BODIES) {
            fields.remove(name);
        }
    }
}
