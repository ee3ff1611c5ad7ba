/** Where clients connect, and what they may use up. Start at {@link io.fairlead.proxy.listener.Listener}. */
@NullMarked
package io.fairlead.proxy.listener;

import org.jspecify.annotations.NullMarked;
