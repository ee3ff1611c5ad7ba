/**
 * HTTP messages: heads, fields and streamed bodies. Start at {@link io.fairlead.proxy.http.Request} and
 * {@link io.fairlead.proxy.http.Response}.
 */
@NullMarked
package io.fairlead.proxy.http;

import org.jspecify.annotations.NullMarked;
