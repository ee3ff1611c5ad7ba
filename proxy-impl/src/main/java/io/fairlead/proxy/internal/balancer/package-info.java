/**
 * The strategies behind {@link io.fairlead.proxy.balancer.LoadBalancer}: one picker each, one instance an I/O thread, so
 * no locks. Start at {@link io.fairlead.proxy.internal.balancer.Pickers}.
 */
@NullMarked
package io.fairlead.proxy.internal.balancer;

import org.jspecify.annotations.NullMarked;
