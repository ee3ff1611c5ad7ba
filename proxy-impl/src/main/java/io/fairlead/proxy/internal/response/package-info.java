/** What goes back to the client. Error answers start at {@link io.fairlead.proxy.internal.response.ErrorBody}. */
@NullMarked
package io.fairlead.proxy.internal.response;

import org.jspecify.annotations.NullMarked;
