/** Micro-benchmarks and side-by-side runs. */
@NullMarked
package io.fairlead.benchmark;

import org.jspecify.annotations.NullMarked;
