/** Which request goes where. Start at {@link io.fairlead.proxy.route.Route}. */
@NullMarked
package io.fairlead.proxy.route;

import org.jspecify.annotations.NullMarked;
