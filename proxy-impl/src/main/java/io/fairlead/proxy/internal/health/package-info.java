/**
 * What is known of the health of targets, without any I/O: the verdicts of checks, outliers, ejections, slow start. Start at
 * {@link io.fairlead.proxy.internal.health.CheckState} and {@link io.fairlead.proxy.internal.health.OutlierWatch}.
 */
@NullMarked
package io.fairlead.proxy.internal.health;

import org.jspecify.annotations.NullMarked;
