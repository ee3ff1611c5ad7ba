/** How requests of a route are divided between pools. Start at {@link io.fairlead.proxy.traffic.Split}. */
@NullMarked
package io.fairlead.proxy.traffic;

import org.jspecify.annotations.NullMarked;
