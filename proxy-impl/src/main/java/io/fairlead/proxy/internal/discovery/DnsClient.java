package io.fairlead.proxy.internal.discovery;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * Asks name servers for records, on the thread that calls. dnsjava reads and writes the messages; the sockets are our own,
 * because its own client keeps a selector thread and a shutdown hook of the JVM, and a library has no right to either.
 *
 * <p>A query goes to each server in turn until one answers, by UDP and once more by TCP if the answer was cut. When none has
 * answered, each is asked once more: a datagram may have been lost.
 */
final class DnsClient {

    /** A server that drops datagrams of this size is rare (RFC 9715, appendix A); a longer answer comes by TCP. */
    private static final int UDP_BYTES = 1232;

    private static final int MAX_UDP_BYTES = 4096;
    private static final int ROUNDS = 2;

    /** More names than this in a row are a loop. */
    private static final int MAX_ALIASES = 8;

    /** RFC 2181 §8: a TTL with the highest bit set is zero. */
    private static final long MAX_TTL = Integer.MAX_VALUE;

    private final Supplier<List<InetSocketAddress>> servers;
    private final int timeoutMillis;
    private final SecureRandom random = new SecureRandom();

    /**
     * What servers say of a name.
     *
     * @param records of the type that was asked for; none if there are none
     * @param additional what the server told beside it
     * @param ttlSeconds the shortest of the records and the aliases on the way to them
     * @param exists whether there is such a name
     */
    record Answer(List<Record> records, List<Record> additional, long ttlSeconds, boolean exists) {}

    /** No server has answered, or none with an answer. */
    static final class ServersFailed extends IOException {
        private static final long serialVersionUID = 1;

        ServersFailed(String reason) {
            super(reason);
        }
    }

    /** @param servers asked anew for each query */
    DnsClient(Supplier<List<InetSocketAddress>> servers, int timeoutMillis) {
        this.servers = servers;
        this.timeoutMillis = timeoutMillis;
    }

    /**
     * The records of this type, also if the name is an alias.
     *
     * @throws ServersFailed if no server can say
     */
    Answer ask(Name name, int type) throws IOException {
        Name at = name;
        long ttl = MAX_TTL;
        Message answer = query(at, type);
        for (int aliases = 0; aliases <= MAX_ALIASES; aliases++) {
            List<Record> records = find(answer, at, type);
            if (!records.isEmpty()) {
                for (Record one : records) {
                    ttl = Math.min(ttl, ttl(one));
                }
                return new Answer(records, answer.getSection(Section.ADDITIONAL), ttl, true);
            }
            List<Record> alias = find(answer, at, Type.CNAME);
            if (!alias.isEmpty()) {
                ttl = Math.min(ttl, ttl(alias.get(0)));
                at = ((CNAMERecord) alias.get(0)).getTarget();
                if (!knows(answer, at)) {
                    answer = query(at, type);
                }
                continue;
            }
            return new Answer(List.of(), List.of(), 0, answer.getRcode() != Rcode.NXDOMAIN);
        }
        throw new ServersFailed(name + ": more than " + MAX_ALIASES + " aliases");
    }

    static long ttl(Record of) {
        return of.getTTL() > MAX_TTL ? 0 : of.getTTL();
    }

    /** Whether the answer tells more of a name that it has come to, or says that there is nothing to tell. */
    private static boolean knows(Message answer, Name name) {
        return answer.getRcode() == Rcode.NXDOMAIN
                || answer.getSection(Section.ANSWER).stream()
                        .anyMatch(one -> one.getName().equals(name));
    }

    private static List<Record> find(Message answer, Name name, int type) {
        List<Record> found = new ArrayList<>();
        for (Record one : answer.getSection(Section.ANSWER)) {
            if (one.getType() == type
                    && one.getDClass() == DClass.IN
                    && one.getName().equals(name)) {
                found.add(one);
            }
        }
        return found;
    }

    /** An answer that says which records there are, or that there is no such name. */
    private Message query(Name name, int type) throws IOException {
        List<InetSocketAddress> asked = servers.get();
        String problem = "no name server is known";
        boolean again = true;
        for (int round = 0; round < ROUNDS && again; round++) {
            again = false;
            for (InetSocketAddress server : asked) {
                if (Thread.currentThread().isInterrupted()) {
                    throw new InterruptedIOException("the proxy is being closed");
                }
                String from = " from " + server.getHostString() + ":" + server.getPort();
                try {
                    Message answer = exchange(server, name, type, true);
                    int code = answer.getRcode();
                    if (code == Rcode.FORMERR || code == Rcode.NOTIMP) {
                        // RFC 6891 §7: a server from before EDNS.
                        answer = exchange(server, name, type, false);
                        code = answer.getRcode();
                    }
                    if (code == Rcode.NOERROR || code == Rcode.NXDOMAIN) {
                        return answer;
                    }
                    problem = Rcode.string(code) + from;
                } catch (SocketTimeoutException e) {
                    again = true;
                    problem = "no answer" + from + " within " + timeoutMillis + " ms";
                } catch (IOException e) {
                    again = true;
                    // Some have no message, such as that of a port where nobody listens.
                    problem = "no answer" + from + ": " + e;
                }
            }
        }
        throw new ServersFailed(name.toString(true) + " " + Type.string(type) + ": " + problem);
    }

    private Message exchange(InetSocketAddress server, Name name, int type, boolean edns) throws IOException {
        Message query = Message.newQuery(Record.newRecord(name, type, DClass.IN));
        query.getHeader().setID(random.nextInt(1 << 16));
        if (edns) {
            query.addRecord(new OPTRecord(UDP_BYTES, 0, 0), Section.ADDITIONAL);
        }
        Message answer = byUdp(server, query);
        return answer.getHeader().getFlag(Flags.TC) ? byTcp(server, query) : answer;
    }

    /** Channels and not plain sockets: an interrupt closes them, so that who closes the proxy waits for no server. */
    private Message byUdp(InetSocketAddress server, Message query) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        // A port of its own for each query, which an attacker off the path does not know (RFC 5452).
        try (DatagramChannel channel = DatagramChannel.open();
                DatagramSocket socket = channel.socket()) {
            socket.connect(server);
            byte[] wire = query.toWire();
            socket.send(new DatagramPacket(wire, wire.length));
            byte[] buffer = new byte[MAX_UDP_BYTES];
            while (true) {
                socket.setSoTimeout(left(deadline));
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                socket.receive(packet);
                byte[] received = new byte[packet.getLength()];
                System.arraycopy(buffer, 0, received, 0, received.length);
                try {
                    Message answer = new Message(received);
                    if (answers(answer, query)) {
                        return answer;
                    }
                } catch (IOException e) {
                    // Not what was asked for: a late or a forged one, and the right one may yet come.
                    continue;
                }
            }
        }
    }

    private Message byTcp(InetSocketAddress server, Message query) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        try (SocketChannel channel = SocketChannel.open();
                Socket socket = channel.socket()) {
            socket.connect(server, left(deadline));
            byte[] wire = query.toWire();
            ByteBuffer framed = ByteBuffer.allocate(2 + wire.length);
            framed.putShort((short) wire.length).put(wire);
            socket.getOutputStream().write(framed.array());
            DataInputStream in = new DataInputStream(socket.getInputStream());
            socket.setSoTimeout(left(deadline));
            byte[] received = new byte[in.readUnsignedShort()];
            for (int at = 0; at < received.length; ) {
                socket.setSoTimeout(left(deadline));
                int count = in.read(received, at, received.length - at);
                if (count < 0) {
                    throw new IOException("closed within an answer");
                }
                at += count;
            }
            Message answer = new Message(received);
            if (!answers(answer, query)) {
                throw new IOException("an answer to another question");
            }
            return answer;
        }
    }

    private static int left(long deadline) throws SocketTimeoutException {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0) {
            throw new SocketTimeoutException();
        }
        return (int) left;
    }

    private static boolean answers(Message answer, Message query) {
        Record asked = query.getQuestion();
        Record question = answer.getQuestion();
        boolean unread = answer.getRcode() == Rcode.FORMERR && question == null;
        return answer.getHeader().getFlag(Flags.QR)
                && answer.getHeader().getID() == query.getHeader().getID()
                && (unread
                        || question != null
                                && question.getName().equals(asked.getName())
                                && question.getType() == asked.getType()
                                && question.getDClass() == asked.getDClass());
    }
}
