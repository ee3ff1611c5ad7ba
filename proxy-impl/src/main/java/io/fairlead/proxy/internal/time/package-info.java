/** Timers of an I/O thread, and durations. Start at {@link io.fairlead.proxy.internal.time.TimerWheel}. */
@NullMarked
package io.fairlead.proxy.internal.time;

import org.jspecify.annotations.NullMarked;
