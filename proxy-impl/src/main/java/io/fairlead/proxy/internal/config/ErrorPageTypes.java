package io.fairlead.proxy.internal.config;

import io.fairlead.proxy.health.StatusRange;
import io.fairlead.proxy.http.HttpSyntax;
import io.fairlead.proxy.internal.response.PageContents;
import io.fairlead.proxy.route.ErrorPage;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The part of {@link Model} that says what error answers look like. */
final class ErrorPageTypes {

    private static final Pattern CHARSET = Pattern.compile("(?i);\\s*charset\\s*=\\s*\"?([^\";\\s]*)");

    static final ObjectType<ErrorPage, ErrorPage> ERROR_PAGE = new ObjectType<ErrorPage, ErrorPage>(
                    "ErrorPage",
                    "The body of an error answer. One of `text` and `file` is needed.",
                    ErrorPage.html(""),
                    values -> ErrorPage.of(values.text("contentType"), ""),
                    page -> page)
            .defaulted(
                    "contentType",
                    Types.text("media type", ErrorPageTypes::mediaType),
                    ErrorPage::contentType,
                    "The value of Content-Type; the content is sent in UTF-8.")
            .optional(
                    "text",
                    Types.text("text", ErrorPageTypes::content),
                    page -> page.text().isEmpty() ? null : page.text(),
                    (page, text) -> withConditionsOf(page, ErrorPage.of(page.contentType(), text)),
                    "The content, with variables such as `{status}`, `{reason}`, `{code}`, `{host}` and `{path}`.")
            .optional(
                    "file",
                    Syntax.FILE_PATH,
                    page -> page.file().isEmpty() ? null : page.file(),
                    (page, file) -> withConditionsOf(page, ErrorPage.file(page.contentType(), file)),
                    "The path of a file with the content, read at the start and with every update.")
            .optional(
                    "statuses",
                    StatusTypes.ERRORS,
                    ErrorPage::statuses,
                    (page, ranges) -> page.on(ranges.toArray(StatusRange[]::new)),
                    "The statuses that it is for, such as `\"404\"` or `\"500-599\"`; all from 400 to 599 if left out.")
            .optional(
                    "intercept",
                    Types.BOOLEAN,
                    ErrorPage::intercept,
                    ErrorPage::intercept,
                    "Whether it replaces the body of upstreams' answers too.")
            .notBoth("text", "file")
            .rule((page, place, context) -> {
                boolean broken = context.broken(place + ".text") || context.broken(place + ".file");
                if (page.text().isEmpty() && page.file().isEmpty() && !broken) {
                    context.report("MISSING", place, "a page without content", "one of: text, file");
                }
                if (!page.file().isEmpty() && context.readsFiles() && !context.broken(place + ".file")) {
                    String expectation = PageContents.expectation(page.file());
                    if (expectation != null) {
                        context.report("INVALID", place + ".file", Context.quote(page.file()), expectation);
                    }
                }
            });

    private ErrorPageTypes() {}

    private static ErrorPage withConditionsOf(ErrorPage page, ErrorPage content) {
        return content.on(page.statuses().toArray(StatusRange[]::new)).intercept(page.intercept());
    }

    private static @Nullable String mediaType(String text) {
        int semicolon = text.indexOf(';');
        String type = (semicolon < 0 ? text : text.substring(0, semicolon)).trim();
        int slash = type.indexOf('/');
        boolean fine = slash > 0
                && HttpSyntax.isToken(type.substring(0, slash))
                && HttpSyntax.isToken(type.substring(slash + 1))
                && type.indexOf('*') < 0
                && HttpSyntax.isFieldValue(text)
                && text.equals(text.strip());
        if (!fine) {
            return "a media type such as text/html; charset=utf-8";
        }
        return isUtf8(text) ? null : "no charset but utf-8, in which the content is sent";
    }

    /** Whether a media type says nothing else of the charset (RFC 9110 §8.3.1). */
    private static boolean isUtf8(String mediaType) {
        Matcher charset = CHARSET.matcher(mediaType);
        while (charset.find()) {
            if (!charset.group(1).equalsIgnoreCase("utf-8")) {
                return false;
            }
        }
        return true;
    }

    private static @Nullable String content(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length <= PageContents.MAX_BYTES
                ? null
                : "at most " + PageContents.MAX_BYTES + " bytes";
    }
}
