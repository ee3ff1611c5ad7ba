package io.fairlead.benchmarks.load;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.HashMap;
import java.util.Map;

/** Command-line arguments of the form {@code --name value}. */
final class Arguments {

    private final Map<String, String> values = new HashMap<>();

    Arguments(String[] args) {
        for (int i = 0; i < args.length; i += 2) {
            if (!args[i].startsWith("--") || i + 1 == args.length) {
                throw new IllegalArgumentException("arguments are --name value, but found: " + args[i]);
            }
            values.put(args[i].substring(2), args[i + 1]);
        }
    }

    String text(String name) {
        String value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("--" + name + " is missing");
        }
        return value;
    }

    String text(String name, String otherwise) {
        return values.getOrDefault(name, otherwise);
    }

    long number(String name, long otherwise) {
        String value = values.get(name);
        return value == null ? otherwise : Long.parseLong(value);
    }

    URI url() {
        return URI.create(text("url"));
    }

    /** The address of {@code --url}, resolved once so that no later connect asks a resolver. */
    InetSocketAddress address() throws UnknownHostException {
        URI url = url();
        return new InetSocketAddress(InetAddress.getByName(url.getHost()), url.getPort() == -1 ? 80 : url.getPort());
    }

    /**
     * A loopback source address for the i-th client: {@code 127.1.0.1} to {@code 127.1.0.200} in turn. Many clients then look
     * like many clients, neither stopped by a limit per client address nor by the number of local ports.
     */
    static InetSocketAddress source(int i) throws UnknownHostException {
        return new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 1, 0, (byte) (1 + i % 200)}), 0);
    }
}
