/** Asks target sources off the I/O threads. Start at {@link io.fairlead.proxy.internal.discovery.Discoveries}. */
@NullMarked
package io.fairlead.proxy.internal.discovery;

import org.jspecify.annotations.NullMarked;
