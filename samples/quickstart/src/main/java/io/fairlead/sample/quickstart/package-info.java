/** Two demo upstreams and a proxy in one process. */
@NullMarked
package io.fairlead.sample.quickstart;

import org.jspecify.annotations.NullMarked;
