/** Sending a request to a target and bringing back its answer. Start at {@link io.fairlead.proxy.internal.forward.Forward}. */
@NullMarked
package io.fairlead.proxy.internal.forward;

import org.jspecify.annotations.NullMarked;
