/** Whom to trust. Start at {@link io.fairlead.proxy.tls.UpstreamTls}. */
@NullMarked
package io.fairlead.proxy.tls;

import org.jspecify.annotations.NullMarked;
