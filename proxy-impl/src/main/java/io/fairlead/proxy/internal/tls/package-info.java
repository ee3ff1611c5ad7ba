/** Contexts of TLS from the settings, and what went wrong in words. Start at {@link io.fairlead.proxy.internal.tls.ClientTls}. */
@NullMarked
package io.fairlead.proxy.internal.tls;

import org.jspecify.annotations.NullMarked;
