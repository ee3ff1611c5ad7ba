package io.fairlead.benchmarks.load;

import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Opens N keep-alive connections one after the other, makes one request on each, and leaves them idle: what a proxy then
 * holds more than before is the cost of an idle client.
 *
 * <p>Arguments: {@code --url URL --connections N --first I}, where I is the number of the first client (it chooses the source
 * address). Prints {@code open N} when all are open. Each line {@code count} on standard input is answered by {@code open M}
 * with the number that the proxy has not closed; the end of standard input ends the program.
 */
public final class IdleClients {

    private IdleClients() {}

    public static void main(String[] args) throws IOException {
        Arguments arguments = new Arguments(args);
        InetSocketAddress address = arguments.address();
        URI url = arguments.url();
        byte[] request = ("GET " + url.getRawPath() + " HTTP/1.1\r\nHost: " + url.getRawAuthority() + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
        int first = (int) arguments.number("first", 0);
        int count = (int) arguments.number("connections", 1_000);
        ByteBuffer in = ByteBuffer.allocateDirect(64 * 1024);
        List<SocketChannel> clients = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            SocketChannel channel = SocketChannel.open();
            channel.bind(Arguments.source(first + i));
            channel.connect(address);
            channel.write(ByteBuffer.wrap(request));
            ResponseReader reader = new ResponseReader();
            do {
                in.clear();
                if (channel.read(in) < 0) {
                    throw new EOFException("client " + i + " was closed before it was answered");
                }
            } while (!reader.read(in.flip()));
            if (reader.status() != 200) {
                throw new IOException("client " + i + " was answered with " + reader.status());
            }
            channel.configureBlocking(false);
            clients.add(channel);
        }
        System.out.println("open " + count);
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            if (line.equals("count")) {
                System.out.println(
                        "open " + clients.stream().filter(IdleClients::open).count());
            }
        }
    }

    /** On an idle connection a read finds nothing (0); an end or an error means that the proxy has closed it. */
    private static boolean open(SocketChannel channel) {
        try {
            return channel.read(ByteBuffer.allocate(1)) == 0;
        } catch (IOException e) {
            return false;
        }
    }
}
