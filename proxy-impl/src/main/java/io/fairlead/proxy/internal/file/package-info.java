/** Files of the program's owner. Start at {@link io.fairlead.proxy.internal.file.SmallFile}. */
@NullMarked
package io.fairlead.proxy.internal.file;

import org.jspecify.annotations.NullMarked;
