/** Code around an exchange. Blocking middleware runs on {@link io.fairlead.proxy.internal.middleware.BlockingExecutor}. */
@NullMarked
package io.fairlead.proxy.internal.middleware;

import org.jspecify.annotations.NullMarked;
