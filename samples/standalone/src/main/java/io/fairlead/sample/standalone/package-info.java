/** A proxy on the command line. Start at {@link io.fairlead.sample.standalone.Standalone}. */
@NullMarked
package io.fairlead.sample.standalone;

import org.jspecify.annotations.NullMarked;
