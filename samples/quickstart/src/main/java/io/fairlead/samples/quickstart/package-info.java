/**
 * Two demo upstreams and a proxy in one process. Start at {@link io.fairlead.samples.quickstart.Quickstart}.
 */
@NullMarked
package io.fairlead.samples.quickstart;

import org.jspecify.annotations.NullMarked;
