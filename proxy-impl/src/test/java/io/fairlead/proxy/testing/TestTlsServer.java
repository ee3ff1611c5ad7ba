package io.fairlead.proxy.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** An HTTPS server on a port of 127.0.0.1 that gives one answer to each connection, whose context may be swapped. */
public final class TestTlsServer implements AutoCloseable {
    private final ServerSocket socket;
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final List<String> names = new CopyOnWriteArrayList<>();
    private final AtomicInteger ended = new AtomicInteger();
    private volatile SSLContext context;
    private volatile String answer = TestUpstream.ok("fine");

    private TestTlsServer(SSLContext context) throws IOException {
        this.context = context;
        this.socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    public static TestTlsServer start(SSLContext context) {
        try {
            TestTlsServer server = new TestTlsServer(context);
            Thread thread = new Thread(server::serve, "test-tls-server");
            thread.setDaemon(true);
            thread.start();
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public int port() {
        return socket.getLocalPort();
    }

    /** The heads that came, decrypted. */
    public List<String> requests() {
        return requests;
    }

    /** The names that clients asked for by SNI; empty for none. */
    public List<String> names() {
        return names;
    }

    /** Connections that the client ended with a close of TLS. */
    public int ended() {
        return ended.get();
    }

    public void context(SSLContext changed) {
        context = changed;
    }

    public void answer(String changed) {
        answer = changed;
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void serve() {
        while (!socket.isClosed()) {
            try (Socket plain = socket.accept()) {
                plain.setSoTimeout(5_000);
                serve((SSLSocket) context.getSocketFactory().createSocket(plain, null, true));
            } catch (IOException e) {
                // A client that does not trust us says so and goes.
                continue;
            }
        }
    }

    private void serve(SSLSocket secure) throws IOException {
        secure.startHandshake();
        names.add(((ExtendedSSLSession) secure.getSession())
                .getRequestedServerNames().stream()
                        .map(name -> ((SNIHostName) name).getAsciiName())
                        .findFirst()
                        .orElse(""));
        StringBuilder head = new StringBuilder();
        InputStream in = secure.getInputStream();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                return;
            }
            head.append((char) next);
        }
        requests.add(head.toString());
        secure.getOutputStream().write(answer.getBytes(StandardCharsets.ISO_8859_1));
        secure.getOutputStream().flush();
        if (in.read() < 0) {
            ended.incrementAndGet();
        }
    }
}
