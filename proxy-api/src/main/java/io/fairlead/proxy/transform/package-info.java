/** Edits of messages. Start at {@link io.fairlead.proxy.transform.Transform}. */
@NullMarked
package io.fairlead.proxy.transform;

import org.jspecify.annotations.NullMarked;
