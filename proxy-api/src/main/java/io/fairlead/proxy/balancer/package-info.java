/** How targets are chosen. Start at {@link io.fairlead.proxy.balancer.LoadBalancer}. */
@NullMarked
package io.fairlead.proxy.balancer;

import org.jspecify.annotations.NullMarked;
