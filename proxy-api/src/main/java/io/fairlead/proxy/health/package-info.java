/**
 * Which targets can be trusted with requests. Start at {@link io.fairlead.proxy.health.HealthCheck} (we ask) and {@link
 * io.fairlead.proxy.health.OutlierDetection} (we watch).
 */
@NullMarked
package io.fairlead.proxy.health;

import org.jspecify.annotations.NullMarked;
