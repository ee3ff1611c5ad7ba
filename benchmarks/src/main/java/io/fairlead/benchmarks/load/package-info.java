/**
 * Load programs for the side-by-side runs: each is a {@code main} that the Python drivers in {@code side-by-side/} start in a
 * process of its own, and each prints its figures as {@code name value} lines. Start at {@link
 * io.fairlead.benchmarks.load.OpenLoop}.
 */
@NullMarked
package io.fairlead.benchmarks.load;

import org.jspecify.annotations.NullMarked;
