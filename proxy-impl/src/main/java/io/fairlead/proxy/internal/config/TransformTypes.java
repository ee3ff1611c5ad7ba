package io.fairlead.proxy.internal.config;

import io.fairlead.proxy.Problem;
import io.fairlead.proxy.internal.transform.TransformPlan;
import io.fairlead.proxy.transform.Transform;
import io.fairlead.proxy.transform.Transform.BodyEdit;
import io.fairlead.proxy.transform.Transform.CookieAttribute;
import io.fairlead.proxy.transform.Transform.Edit;
import io.fairlead.proxy.transform.Transform.Header;
import io.fairlead.proxy.transform.Transform.Part;
import io.fairlead.proxy.transform.Transform.Query;
import io.fairlead.proxy.transform.Transform.RewriteCookie;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** The part of the {@link Model} that tells of edits of messages. */
final class TransformTypes {

    static final Variants<Transform> TRANSFORM = transforms();

    private static Variants<Transform> transforms() {
        Variants<Transform> table = new Variants<>(
                "Transform",
                "An edit of the request on its way upstream or of the response on its way back. In values `{name}` stands"
                        + " for a variable of the match.");
        table.add(
                Transform.SetPath.class,
                new ObjectType<Transform.SetPath, Transform.SetPath>(
                                "setPath",
                                "Replaces the path; the query stays.",
                                new Transform.SetPath("/"),
                                values -> new Transform.SetPath(values.text("path")),
                                one -> one)
                        .required("path", Syntax.PATH, Transform.SetPath::path, "The new path, with variables."));
        table.add(
                Transform.StripPrefix.class,
                new ObjectType<Transform.StripPrefix, Transform.StripPrefix>(
                                "stripPrefix",
                                "Removes a prefix of whole segments, if it is there.",
                                new Transform.StripPrefix("/"),
                                values -> new Transform.StripPrefix(values.text("prefix")),
                                one -> one)
                        .required(
                                "prefix",
                                Syntax.PATH,
                                Transform.StripPrefix::prefix,
                                "The prefix, of whole segments."));
        table.add(
                Transform.AddPrefix.class,
                new ObjectType<Transform.AddPrefix, Transform.AddPrefix>(
                                "addPrefix",
                                "Puts something before the path.",
                                new Transform.AddPrefix("/"),
                                values -> new Transform.AddPrefix(values.text("prefix")),
                                one -> one)
                        .required("prefix", Syntax.PATH, Transform.AddPrefix::prefix, "The prefix, with variables."));
        table.add(
                Transform.PathRegex.class,
                new ObjectType<Transform.PathRegex, Transform.PathRegex>(
                                "pathRegex",
                                "Replaces each match in the raw path.",
                                new Transform.PathRegex("", ""),
                                values -> new Transform.PathRegex(values.text("regex"), values.text("replacement")),
                                one -> one)
                        .required("regex", Syntax.EXPRESSION, Transform.PathRegex::regex, "What to look for.")
                        .required(
                                "replacement",
                                Syntax.ANY_TEXT,
                                Transform.PathRegex::replacement,
                                "With `$1` or `${name}` for groups."));
        table.add(
                Transform.PathTemplate.class,
                new ObjectType<Transform.PathTemplate, Transform.PathTemplate>(
                                "pathTemplate",
                                "Rewrites a path that fits a template, such as `/api/{id}/**`, to another one.",
                                new Transform.PathTemplate("", ""),
                                values ->
                                        new Transform.PathTemplate(values.text("template"), values.text("replacement")),
                                one -> one)
                        .required("template", Syntax.PATH, Transform.PathTemplate::template, "As the path of a match.")
                        .required(
                                "replacement",
                                Syntax.PATH,
                                Transform.PathTemplate::replacement,
                                "With variables of the template and the match, and `**` at its end."));
        query(table, "setQuery", Edit.SET, "Sets a query parameter in place of those of its name.");
        query(table, "addQuery", Edit.ADD, "Adds a query parameter.");
        query(table, "removeQuery", Edit.REMOVE, "Removes the query parameters of a name.");
        header(
                table,
                "setRequestHeader",
                Part.REQUEST,
                Edit.SET,
                "Sets a request header field in place of those of its name.");
        header(table, "addRequestHeader", Part.REQUEST, Edit.ADD, "Adds a request header field.");
        header(table, "removeRequestHeader", Part.REQUEST, Edit.REMOVE, "Removes the request header fields of a name.");
        header(
                table,
                "setRequestTrailer",
                Part.REQUEST_TRAILER,
                Edit.SET,
                "Sets a request trailer field in place of those of its name; a body is sent chunked then.");
        header(
                table,
                "addRequestTrailer",
                Part.REQUEST_TRAILER,
                Edit.ADD,
                "Adds a request trailer field; a body is sent chunked then.");
        header(
                table,
                "removeRequestTrailer",
                Part.REQUEST_TRAILER,
                Edit.REMOVE,
                "Removes the request trailer fields of a name.");
        header(
                table,
                "setResponseHeader",
                Part.RESPONSE,
                Edit.SET,
                "Sets a response header field in place of those of its name.");
        header(table, "addResponseHeader", Part.RESPONSE, Edit.ADD, "Adds a response header field.");
        header(
                table,
                "removeResponseHeader",
                Part.RESPONSE,
                Edit.REMOVE,
                "Removes the response header fields of a name.");
        header(
                table,
                "setResponseTrailer",
                Part.RESPONSE_TRAILER,
                Edit.SET,
                "Sets a response trailer field in place of those of its name.");
        header(table, "addResponseTrailer", Part.RESPONSE_TRAILER, Edit.ADD, "Adds a response trailer field.");
        header(
                table,
                "removeResponseTrailer",
                Part.RESPONSE_TRAILER,
                Edit.REMOVE,
                "Removes the response trailer fields of a name.");
        table.add(
                Transform.RewriteLocation.class,
                new ObjectType<Transform.RewriteLocation, Transform.RewriteLocation>(
                                "rewriteLocation",
                                "Rewrites the beginning of Location and Content-Location fields.",
                                new Transform.RewriteLocation("", ""),
                                values -> new Transform.RewriteLocation(values.text("from"), values.text("to")),
                                one -> one)
                        .required("from", Syntax.ANY_TEXT, Transform.RewriteLocation::from, "The beginning to replace.")
                        .required("to", Syntax.ANY_TEXT, Transform.RewriteLocation::to, "What stands there instead."));
        cookie(
                table,
                "rewriteCookieDomain",
                CookieAttribute.DOMAIN,
                Syntax.COOKIE_DOMAIN,
                "Rewrites the Domain attribute of Set-Cookie fields.",
                "The domain to replace, without leading dot; `*` for any.",
                "The new domain; empty removes the attribute.");
        cookie(
                table,
                "rewriteCookiePath",
                CookieAttribute.PATH,
                Syntax.PATH,
                "Rewrites the beginning of the Path attribute of Set-Cookie fields.",
                "The beginning to replace.",
                "What stands there instead.");
        body(
                table,
                "requestBody",
                Part.REQUEST,
                "Replaces the request body by what a registered function makes of it.");
        body(
                table,
                "responseBody",
                Part.RESPONSE,
                "Replaces the response body by what a registered function makes of it.");
        return table.rule(TransformTypes::checkTransform);
    }

    /** The rules of the edits themselves, which the room of the transforms knows. */
    private static void checkTransform(Transform transform, String place, Context context) {
        if (transform instanceof Transform.PathRegex && context.brokenWithin(place)) {
            // What could not be read is empty, and the replacement would not fit that.
            return;
        }
        String prefix = "transforms";
        for (Problem problem : TransformPlan.problems(List.of(transform), prefix)) {
            String at = place + problem.place().substring((prefix + "[0]").length());
            JsonNode value = TRANSFORM
                    .write(transform, context)
                    .path(problem.place().substring(problem.place().lastIndexOf('.') + 1));
            if (!context.broken(at)) {
                // The value is taken from what would be written, where a secret is its placeholder.
                String shown = value.isString() ? Context.quote(value.stringValue()) : problem.value();
                context.report(problem.code(), at, shown, problem.expectation());
            }
        }
    }

    private static void query(Variants<Transform> table, String name, Edit edit, String doc) {
        ObjectType<Query, Query> type = new ObjectType<Query, Query>(
                        name,
                        doc,
                        new Query(edit, "", ""),
                        values -> new Query(edit, values.text("name"), edit == Edit.REMOVE ? "" : values.text("value")),
                        one -> one)
                .required("name", Syntax.ANY_TEXT, Query::name, "The parameter, decoded.");
        if (edit != Edit.REMOVE) {
            type.required("value", Syntax.ANY_TEXT, Query::value, "Decoded, with variables.");
        }
        table.add(
                Query.class,
                type,
                one -> one.edit() == edit && (edit != Edit.REMOVE || one.value().isEmpty()));
    }

    private static void header(Variants<Transform> table, String name, Part part, Edit edit, String doc) {
        ObjectType<Header, Header> type = new ObjectType<Header, Header>(
                        name,
                        doc,
                        new Header(part, edit, "", ""),
                        values -> new Header(
                                part, edit, values.text("name"), edit == Edit.REMOVE ? "" : values.text("value")),
                        one -> one)
                .required("name", Syntax.FIELD, Header::name, "The field.");
        if (edit != Edit.REMOVE) {
            type.required("value", Syntax.ANY_TEXT, Header::value, "With variables.");
        }
        table.add(
                Header.class,
                type,
                one -> one.part() == part
                        && one.edit() == edit
                        && (edit != Edit.REMOVE || one.value().isEmpty()));
    }

    private static void cookie(
            Variants<Transform> table,
            String name,
            CookieAttribute attribute,
            Type<String> from,
            String doc,
            String fromDoc,
            String toDoc) {
        table.add(
                RewriteCookie.class,
                new ObjectType<RewriteCookie, RewriteCookie>(
                                name,
                                doc,
                                new RewriteCookie(attribute, "", ""),
                                values -> new RewriteCookie(attribute, values.text("from"), values.text("to")),
                                one -> one)
                        .required("from", from, RewriteCookie::from, fromDoc)
                        .required("to", Syntax.ANY_TEXT, RewriteCookie::to, toDoc),
                one -> one.attribute() == attribute);
    }

    private static void body(Variants<Transform> table, String name, Part part, String doc) {
        table.add(
                BodyEdit.class,
                new ObjectType<BodyEdit, BodyEdit>(
                                name,
                                doc,
                                new BodyEdit(part, "", 1),
                                values -> new BodyEdit(part, values.text("name"), values.get("maxBytes")),
                                one -> one)
                        .required(
                                "name", Syntax.NAME, BodyEdit::name, "The name that the function is registered under.")
                        .required(
                                "maxBytes",
                                Types.integer(1),
                                BodyEdit::maxBytes,
                                "The longest body that is held in memory for it."),
                one -> one.part() == part);
    }
}
