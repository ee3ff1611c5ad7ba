/** Code around an exchange. Start at {@link io.fairlead.proxy.middleware.Middleware}. */
@NullMarked
package io.fairlead.proxy.middleware;

import org.jspecify.annotations.NullMarked;
