/** Addresses and networks. Start at {@link io.fairlead.proxy.internal.net.CidrSet}. */
@NullMarked
package io.fairlead.proxy.internal.net;

import org.jspecify.annotations.NullMarked;
