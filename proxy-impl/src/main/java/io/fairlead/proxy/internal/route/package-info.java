/** Picks the route of a request. Start at {@link io.fairlead.proxy.internal.route.RouteTable}. */
@NullMarked
package io.fairlead.proxy.internal.route;

import org.jspecify.annotations.NullMarked;
