/**
 * Running pools: which targets there are, which of them may be used, and what is under way to each. Start at
 * {@link io.fairlead.proxy.internal.upstream.RunningPool}.
 */
@NullMarked
package io.fairlead.proxy.internal.upstream;

import org.jspecify.annotations.NullMarked;
