package io.fairlead.proxy.upstream;

/** Which Host field a target gets. */
public enum HostPolicy {
    /** The one that the client sent, so that the target builds right links and cookies. The default. */
    PRESERVE,
    /** The target's own host and port, for servers that route by name. */
    TARGET
}
