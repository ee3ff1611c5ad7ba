/** One exchange on its way through the rooms. Start at {@link io.fairlead.proxy.internal.engine.exchange.ProxyExchange}. */
@NullMarked
package io.fairlead.proxy.internal.engine.exchange;

import org.jspecify.annotations.NullMarked;
