/** The engine behind the API. Nothing in here is public API. */
@NullMarked
package io.fairlead.proxy.internal;

import org.jspecify.annotations.NullMarked;
