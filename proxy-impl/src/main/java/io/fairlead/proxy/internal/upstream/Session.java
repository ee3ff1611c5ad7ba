package io.fairlead.proxy.internal.upstream;

import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.internal.balancer.SessionField;
import io.fairlead.proxy.internal.http.HeaderBlock;
import org.jspecify.annotations.Nullable;

/** What a request's token says: which target its client has. One object for all requests with the token; immutable. */
public final class Session {

    private final Sessions all;
    private final @Nullable PoolTarget target;
    private final String token;
    private final String value;
    private final String encryptedValue;

    /**
     * @param target null for a request without a token
     * @param token that is given to new clients; empty for one that is accepted only
     */
    Session(Sessions all, @Nullable PoolTarget target, String token) {
        this.all = all;
        this.target = target;
        this.token = token;
        this.value = all.field().value(token, false);
        this.encryptedValue = all.field().value(token, true);
    }

    String token() {
        return token;
    }

    /** Where the request belongs; null if it may go anywhere. */
    public @Nullable PoolTarget target() {
        return target;
    }

    /** Whether the request goes to its target or nowhere. */
    public boolean isStrict() {
        return target != null && all.isStrict();
    }

    /** Takes out of an interim answer what only the proxy may tell the client. */
    public void hide(HeaderBlock answer) {
        all.field().removeFrom(answer);
    }

    /** Has an answer tell the client where it belongs from now on, if it does not know. */
    public void tell(HeaderBlock answer, PoolTarget answering, Request request) {
        SessionField field = all.field();
        field.removeFrom(answer);
        boolean known = answering == target && !token.isEmpty();
        Session now = known ? this : all.begun(answering);
        if (now != null && (!known || field.isRenewed())) {
            boolean encrypted = field.asksScheme() && request.scheme().equals("https");
            field.add(answer, encrypted ? now.encryptedValue : now.value);
        }
    }
}
