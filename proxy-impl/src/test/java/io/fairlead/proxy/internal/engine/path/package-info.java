/** Requests and answers through a whole proxy, on real sockets. Start at {@link io.fairlead.proxy.internal.engine.path.ProxyFixture}. */
@NullMarked
package io.fairlead.proxy.internal.engine.path;

import org.jspecify.annotations.NullMarked;
