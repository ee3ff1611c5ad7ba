/** Taking connections and speaking HTTP/1.1 with clients. Start at {@code Http1ServerConnection}. */
@NullMarked
package io.fairlead.proxy.internal.engine.listener;

import org.jspecify.annotations.NullMarked;
