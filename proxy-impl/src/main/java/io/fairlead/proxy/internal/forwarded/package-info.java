/**
 * Who the client is when trusted proxies stand between: reading and writing {@code X-Forwarded-*} and {@code Forwarded}.
 * Start at {@link io.fairlead.proxy.internal.forwarded.ClientResolver}.
 */
@NullMarked
package io.fairlead.proxy.internal.forwarded;

import org.jspecify.annotations.NullMarked;
