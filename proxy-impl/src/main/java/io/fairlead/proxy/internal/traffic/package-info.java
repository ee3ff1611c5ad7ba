/** Which share of a split a request belongs to. Start at {@link io.fairlead.proxy.internal.traffic.SplitChooser}. */
@NullMarked
package io.fairlead.proxy.internal.traffic;

import org.jspecify.annotations.NullMarked;
