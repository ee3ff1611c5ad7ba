/** Where a pool's targets come from when they are not configured. Start at {@link io.fairlead.proxy.discovery.TargetSource}. */
@NullMarked
package io.fairlead.proxy.discovery;

import org.jspecify.annotations.NullMarked;
