package io.fairlead.proxy.testing;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * A name server on a port of 127.0.0.1, by UDP and TCP, which tells the records it was given. It follows aliases, adds the
 * addresses of SRV hosts if told to, and rotates nothing.
 */
public final class TestNameServer implements AutoCloseable {

    /** A query that came. */
    public record Query(String name, String type, boolean tcp, long nanos) {}

    /** How it treats queries. */
    public enum Mood {
        ANSWERS,
        SILENT,
        SERVFAIL,
        /** By UDP no answer is whole. */
        TRUNCATES,
        /** Each answer by UDP comes after one with another id, and one that is no message. */
        FORGED,
        /** As a server from before EDNS. */
        REFUSES_EDNS
    }

    private final Map<String, List<Record>> zone = new ConcurrentHashMap<>();
    private final List<Query> queries = new CopyOnWriteArrayList<>();
    private final DatagramSocket udp;
    private final ServerSocket tcp;
    private volatile Mood mood = Mood.ANSWERS;
    private volatile Mood moodForAaaa = Mood.ANSWERS;
    private volatile boolean additional;

    private TestNameServer(DatagramSocket udp, ServerSocket tcp) {
        this.udp = udp;
        this.tcp = tcp;
    }

    public static TestNameServer start() {
        InetAddress local = InetAddress.getLoopbackAddress();
        for (int tries = 0; ; tries++) {
            try {
                ServerSocket tcp = new ServerSocket(0, 50, local);
                try {
                    TestNameServer server = new TestNameServer(new DatagramSocket(tcp.getLocalPort(), local), tcp);
                    server.run("udp", server::serveUdp);
                    server.run("tcp", server::serveTcp);
                    return server;
                } catch (IOException e) {
                    tcp.close();
                    throw e;
                }
            } catch (IOException e) {
                // The port that is free for one of the two may be taken for the other.
                if (tries == 20) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    /** {@code 127.0.0.1:port}. */
    public String address() {
        return "127.0.0.1:" + tcp.getLocalPort();
    }

    public void mood(Mood changed) {
        mood = changed;
        moodForAaaa = changed;
    }

    public void moodForAaaa(Mood changed) {
        moodForAaaa = changed;
    }

    /** Whether the addresses of SRV hosts come along. */
    public void additional(boolean changed) {
        additional = changed;
    }

    /** The records of a name and type from now on; none: the name stays, if it has others. */
    public void set(String name, String type, long ttl, String... data) {
        Name owner = name(name);
        List<Record> records = new ArrayList<>();
        for (String one : data) {
            try {
                records.add(Record.fromString(owner, Type.value(type), DClass.IN, ttl, one, Name.root));
            } catch (IOException e) {
                throw new IllegalArgumentException(one, e);
            }
        }
        zone.put(key(owner, Type.value(type)), records);
    }

    /** There is no such name any more. */
    public void remove(String name) {
        zone.keySet().removeIf(key -> key.startsWith(name(name).toString() + " "));
    }

    public List<Query> queries() {
        return Collections.unmodifiableList(queries);
    }

    public List<Query> queries(String type) {
        return queries.stream().filter(query -> query.type().equals(type)).toList();
    }

    @Override
    public void close() {
        udp.close();
        try {
            tcp.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Name name(String text) {
        try {
            return Name.fromString(text, Name.root);
        } catch (IOException e) {
            throw new IllegalArgumentException(text, e);
        }
    }

    private static String key(Name name, int type) {
        return name + " " + type;
    }

    private interface Loop {
        void run() throws IOException;
    }

    private void run(String what, Loop loop) {
        Thread thread = new Thread(
                () -> {
                    while (!tcp.isClosed()) {
                        try {
                            loop.run();
                        } catch (IOException e) {
                            // A client that went away, or the end.
                            continue;
                        }
                    }
                },
                "test-name-server-" + what);
        thread.setDaemon(true);
        thread.start();
    }

    private void serveUdp() throws IOException {
        byte[] buffer = new byte[4096];
        DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
        udp.receive(packet);
        Message query = new Message(Arrays.copyOf(buffer, packet.getLength()));
        Mood now = moodFor(query);
        note(query, false);
        if (now == Mood.SILENT) {
            return;
        }
        if (now == Mood.FORGED) {
            Message forged = answer(query, now);
            forged.getHeader().setID(query.getHeader().getID() ^ 1);
            send(packet, forged.toWire());
            send(packet, new byte[] {1, 2, 3});
        }
        Message answer = answer(query, now);
        if (now == Mood.TRUNCATES) {
            answer.removeAllRecords(Section.ANSWER);
            answer.getHeader().setFlag(Flags.TC);
        }
        int limit = query.getOPT() == null ? 512 : query.getOPT().getPayloadSize();
        send(packet, answer.toWire(limit));
    }

    private void send(DatagramPacket to, byte[] wire) throws IOException {
        udp.send(new DatagramPacket(wire, wire.length, to.getSocketAddress()));
    }

    private void serveTcp() throws IOException {
        try (Socket socket = tcp.accept()) {
            socket.setSoTimeout(5_000);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            byte[] wire = new byte[in.readUnsignedShort()];
            in.readFully(wire);
            Message query = new Message(wire);
            note(query, true);
            byte[] answer = answer(query, moodFor(query)).toWire();
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            out.writeShort(answer.length);
            // In pieces, as the network may.
            out.write(answer, 0, 1);
            out.flush();
            out.write(answer, 1, answer.length - 1);
            out.flush();
        }
    }

    private Mood moodFor(Message query) {
        return query.getQuestion().getType() == Type.AAAA ? moodForAaaa : mood;
    }

    private void note(Message query, boolean overTcp) {
        Record question = query.getQuestion();
        queries.add(new Query(
                question.getName().toString(true), Type.string(question.getType()), overTcp, System.nanoTime()));
    }

    private Message answer(Message query, Mood now) {
        Record question = query.getQuestion();
        Message answer = new Message(query.getHeader().getID());
        answer.getHeader().setFlag(Flags.QR);
        answer.getHeader().setFlag(Flags.RA);
        if (now == Mood.REFUSES_EDNS && query.getOPT() != null) {
            answer.getHeader().setRcode(Rcode.FORMERR);
            return answer;
        }
        answer.addRecord(question, Section.QUESTION);
        if (now == Mood.SERVFAIL) {
            answer.getHeader().setRcode(Rcode.SERVFAIL);
            return answer;
        }
        Name at = question.getName();
        for (int aliases = 0; aliases < 20; aliases++) {
            List<Record> alias = zone.getOrDefault(key(at, Type.CNAME), List.of());
            if (alias.isEmpty()) {
                break;
            }
            answer.addRecord(alias.get(0), Section.ANSWER);
            at = ((CNAMERecord) alias.get(0)).getTarget();
        }
        List<Record> records = zone.getOrDefault(key(at, question.getType()), List.of());
        records.forEach(one -> answer.addRecord(one, Section.ANSWER));
        String owner = at + " ";
        if (zone.keySet().stream().noneMatch(key -> key.startsWith(owner))) {
            answer.getHeader().setRcode(Rcode.NXDOMAIN);
        }
        if (additional) {
            for (Record one : records) {
                if (one.getAdditionalName() != null) {
                    zone.getOrDefault(key(one.getAdditionalName(), Type.A), List.of())
                            .forEach(address -> answer.addRecord(address, Section.ADDITIONAL));
                }
            }
        }
        return answer;
    }
}
