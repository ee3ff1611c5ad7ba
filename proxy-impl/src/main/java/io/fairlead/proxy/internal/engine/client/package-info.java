/** Connections to targets: keeping them, connecting, HTTP/1.1 as a client. Start at {@link io.fairlead.proxy.internal.engine.client.ClientTarget}. */
@NullMarked
package io.fairlead.proxy.internal.engine.client;

import org.jspecify.annotations.NullMarked;
