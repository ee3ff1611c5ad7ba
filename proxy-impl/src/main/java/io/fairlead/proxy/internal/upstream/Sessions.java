package io.fairlead.proxy.internal.upstream;

import io.fairlead.proxy.balancer.StickySession;
import io.fairlead.proxy.balancer.StickySession.WhenUnavailable;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.internal.balancer.SessionField;
import io.fairlead.proxy.internal.balancer.SessionTokens;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.util.Collection;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The sticky sessions of a pool; immutable, made anew when its targets or the setting change. All that a request needs is
 * made beforehand: to find its target costs a look through its cookies and one into a table, and no object.
 */
public final class Sessions {

    private final UpstreamPool config;
    private final StickySession setting;
    private final SessionField field;
    private final SessionTokens<Session> tokens;

    /** Of each target the session that its new clients get. */
    private final Map<PoolTarget, Session> begun = new IdentityHashMap<>();

    /** Of a request without a token. */
    private final Session none;

    private Sessions(
            UpstreamPool config, StickySession setting, Collection<PoolTarget> targets, @Nullable Sessions former) {
        this.config = config;
        this.setting = setting;
        this.field = new SessionField(setting);
        this.none = new Session(this, null, "");
        Map<String, Session> all = new HashMap<>();
        for (PoolTarget target : targets) {
            for (String secret : setting.acceptedSecrets()) {
                String token = SessionTokens.token(
                        secret, config.name(), target.target().url());
                all.put(token, new Session(this, target, ""));
            }
            Session known = former == null ? null : former.begun.get(target);
            String token = known == null
                    ? SessionTokens.token(
                            setting.secret(), config.name(), target.target().url())
                    : known.token();
            Session session = new Session(this, target, token);
            begun.put(target, session);
            all.put(token, session);
        }
        this.tokens = new SessionTokens<>(all);
    }

    /**
     * The sessions with these targets; null if the pool has none.
     *
     * @param former those before, whose tokens are taken over where nothing has changed
     */
    static @Nullable Sessions of(UpstreamPool config, Collection<PoolTarget> targets, @Nullable Sessions former) {
        StickySession setting = config.stickySession().orElse(null);
        if (setting == null) {
            return null;
        }
        boolean same = former != null
                && former.setting.secret().equals(setting.secret())
                && former.config.name().equals(config.name());
        return new Sessions(config, setting, targets, same ? former : null);
    }

    /** That of a request with these fields. */
    public Session of(Headers request) {
        Session found = field.find(request, tokens);
        return found == null ? none : found;
    }

    /** Where tokens stand. */
    public SessionField field() {
        return field;
    }

    /** Whether a session's request goes to no other target. */
    boolean isStrict() {
        return setting.whenUnavailable() == WhenUnavailable.FAIL;
    }

    /** What a client gets that this target answers; null if the target is new since the request came. */
    @Nullable
    Session begun(PoolTarget target) {
        return begun.get(target);
    }
}
