/** The I/O threads: their timers, buffers and scratch space. Start at {@link io.fairlead.proxy.internal.engine.loop.IoLoop}. */
@NullMarked
package io.fairlead.proxy.internal.engine.loop;

import org.jspecify.annotations.NullMarked;
