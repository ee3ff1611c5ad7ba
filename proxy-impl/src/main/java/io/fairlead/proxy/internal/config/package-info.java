/**
 * Configuration as data: one table, {@link io.fairlead.proxy.internal.config.Model}, from which the JSON reader and
 * writer, the JSON Schema, the validator and the comparison all work, so that they cannot drift apart. Start at
 * {@link io.fairlead.proxy.internal.config.ConfigJson} and {@link io.fairlead.proxy.internal.config.Validator}.
 */
@NullMarked
package io.fairlead.proxy.internal.config;

import org.jspecify.annotations.NullMarked;
