/**
 * Edits of the forwarded request and of the response on its way back, compiled once for each configuration. Start at
 * {@link io.fairlead.proxy.internal.transform.TransformPlan}.
 */
@NullMarked
package io.fairlead.proxy.internal.transform;

import org.jspecify.annotations.NullMarked;
