/**
 * Upstreams that fail while clients notice nothing. Start at {@link io.fairlead.samples.resilience.ResilienceSample}.
 */
@NullMarked
package io.fairlead.samples.resilience;

import org.jspecify.annotations.NullMarked;
