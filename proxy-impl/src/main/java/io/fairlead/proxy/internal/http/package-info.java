/**
 * HTTP/1.1 on bytes: heads, chunks and header fields, without any I/O. Start at {@code
 * io.fairlead.proxy.internal.http.HeadParser}.
 */
@NullMarked
package io.fairlead.proxy.internal.http;

import org.jspecify.annotations.NullMarked;
