/** What the engine provides. Start at {@link io.fairlead.proxy.spi.ProxyProvider}. */
@NullMarked
package io.fairlead.proxy.spi;

import org.jspecify.annotations.NullMarked;
