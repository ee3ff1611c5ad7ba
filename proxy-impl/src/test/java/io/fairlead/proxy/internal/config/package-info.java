/** Tests of configuration as data; {@link io.fairlead.proxy.internal.config.RandomConfig} draws configurations. */
@NullMarked
package io.fairlead.proxy.internal.config;

import org.jspecify.annotations.NullMarked;
