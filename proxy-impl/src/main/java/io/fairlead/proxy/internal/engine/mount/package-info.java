/** The engine inside somebody else's Undertow. Start at {@link io.fairlead.proxy.internal.engine.mount.MountedProxy}. */
@NullMarked
package io.fairlead.proxy.internal.engine.mount;

import org.jspecify.annotations.NullMarked;
