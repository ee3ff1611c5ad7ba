/** A proxy on the command line. Start at {@link io.fairlead.samples.standalone.Standalone}. */
@NullMarked
package io.fairlead.samples.standalone;

import org.jspecify.annotations.NullMarked;
