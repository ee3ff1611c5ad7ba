package io.fairlead.proxy.upstream;

/**
 * The name of a pool or registered handler.
 *
 * @param name as in {@link UpstreamPool#name()} or as registered
 */
public record UpstreamRef(String name) implements Upstream {}
