/** Who answers: pools of servers, or functions. Start at {@link io.fairlead.proxy.upstream.UpstreamPool}. */
@NullMarked
package io.fairlead.proxy.upstream;

import org.jspecify.annotations.NullMarked;
