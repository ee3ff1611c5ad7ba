/** Micro-benchmarks and side-by-side runs. */
@NullMarked
package io.fairlead.benchmarks;

import org.jspecify.annotations.NullMarked;
