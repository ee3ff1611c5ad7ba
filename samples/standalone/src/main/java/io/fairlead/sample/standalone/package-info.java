/** A proxy on the command line. */
@NullMarked
package io.fairlead.sample.standalone;

import org.jspecify.annotations.NullMarked;
