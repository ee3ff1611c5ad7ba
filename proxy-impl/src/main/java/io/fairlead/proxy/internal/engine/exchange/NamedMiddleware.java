package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.middleware.Middleware;

/**
 * Middleware with the name that failures show.
 *
 * @param name as registered
 * @param middleware the code
 */
public record NamedMiddleware(String name, Middleware middleware) {}
