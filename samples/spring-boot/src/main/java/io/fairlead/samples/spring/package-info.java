/** A proxy by {@code application.yml} alone. Start at {@link io.fairlead.samples.spring.SpringBootSample}. */
@NullMarked
package io.fairlead.samples.spring;

import org.jspecify.annotations.NullMarked;
