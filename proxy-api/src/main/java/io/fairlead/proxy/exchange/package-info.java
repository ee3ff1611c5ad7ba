/**
 * One request with its response, and the ways in which it may fail. Start at {@link
 * io.fairlead.proxy.exchange.Exchange}.
 */
@NullMarked
package io.fairlead.proxy.exchange;

import org.jspecify.annotations.NullMarked;
