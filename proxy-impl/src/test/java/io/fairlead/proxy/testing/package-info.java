/**
 * Fixtures of the path tests: both ends of a real connection, byte for byte, and time and chance under control.
 *
 * <p>Start at {@link io.fairlead.proxy.testing.TestUpstream} (a scripted server) and {@link
 * io.fairlead.proxy.testing.RawClient} (exact bytes in and out). Nothing here sleeps: a test awaits a condition, a
 * byte, or the end of a connection, always with a deadline. Conditions of any other kind are awaited with Awaitility.
 */
@NullMarked
package io.fairlead.proxy.testing;

import org.jspecify.annotations.NullMarked;
