/** What the proxy tells of itself. Start at {@link io.fairlead.proxy.observe.ExchangeListener}. */
@NullMarked
package io.fairlead.proxy.observe;

import org.jspecify.annotations.NullMarked;
