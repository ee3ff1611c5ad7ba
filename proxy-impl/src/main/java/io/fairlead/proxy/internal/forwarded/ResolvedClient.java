package io.fairlead.proxy.internal.forwarded;

import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What is known of the client.
 *
 * @param client its address, never resolved to a name; port 0 when the fields do not tell it
 * @param scheme {@code http} or {@code https}: how the client reached the first trusted proxy, or this one
 * @param host the host that the client asked for if a trusted proxy tells it: lower case, without port, IPv6 in brackets
 * @param port the port that the client asked for if a trusted proxy tells it
 */
public record ResolvedClient(InetSocketAddress client, String scheme, Optional<String> host, OptionalInt port) {}
