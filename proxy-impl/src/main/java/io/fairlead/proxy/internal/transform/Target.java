package io.fairlead.proxy.internal.transform;

import org.jspecify.annotations.Nullable;

/** The raw path and query of one request while they are edited. */
final class Target {

    private final String original;
    private String path;
    /** Without its question mark; null when there is none. */
    private @Nullable String query;

    private boolean changed;

    Target(String target) {
        int mark = target.indexOf('?');
        this.original = target;
        this.path = mark < 0 ? target : target.substring(0, mark);
        this.query = mark < 0 ? null : target.substring(mark + 1);
    }

    String path() {
        return path;
    }

    @Nullable
    String query() {
        return query;
    }

    /** Sets the path. What an edit left without its slash gets one: there is no other path in a request line. */
    void path(String newPath) {
        path = newPath.startsWith("/") ? newPath : "/" + newPath;
        changed = true;
    }

    void query(@Nullable String newQuery) {
        query = newQuery;
        changed = true;
    }

    boolean changed() {
        return changed;
    }

    @Override
    public String toString() {
        return changed ? query == null ? path : path + "?" + query : original;
    }
}
