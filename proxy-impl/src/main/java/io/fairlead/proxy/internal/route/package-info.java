/** Picks the route of a request. Start at {@code RouteTable}. */
@NullMarked
package io.fairlead.proxy.internal.route;

import org.jspecify.annotations.NullMarked;
