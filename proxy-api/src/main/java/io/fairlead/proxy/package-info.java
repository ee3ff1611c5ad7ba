/** The proxy, its configuration and its life. Start at {@link io.fairlead.proxy.ReverseProxy}. */
@NullMarked
package io.fairlead.proxy;

import org.jspecify.annotations.NullMarked;
