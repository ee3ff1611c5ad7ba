/** The reverse proxy: build it, start it, update it, stop it. */
@NullMarked
package io.fairlead.proxy;

import org.jspecify.annotations.NullMarked;
