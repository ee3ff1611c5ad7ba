package io.fairlead.proxy.internal.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.proxy.discovery.TargetSource;
import io.fairlead.proxy.discovery.TargetSource.DnsRecords;
import io.fairlead.proxy.testing.TestNameServer;
import io.fairlead.proxy.testing.TestNameServer.Mood;
import io.fairlead.proxy.testing.TestNameServer.Query;
import io.fairlead.proxy.upstream.Target;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Against a name server on real sockets. */
@Timeout(30)
class RecordFinderTest {
    private static final String SRV = "_http._tcp.catalog.test";
    private static final Duration SHORT = Duration.ofMillis(300);

    private final TestNameServer server = TestNameServer.start();

    @AfterEach
    void close() {
        server.close();
    }

    private DnsRecords addresses() {
        return TargetSource.dnsRecords("http://catalog.test:8080")
                .resolver(server.address())
                .timeout(SHORT);
    }

    private DnsRecords services() {
        return TargetSource.srv(SRV).resolver(server.address()).timeout(SHORT);
    }

    private static List<String> urls(RecordFinder finder) throws IOException {
        return finder.find().stream().map(Target::url).toList();
    }

    private static long pauseSeconds(RecordFinder finder) {
        return TimeUnit.NANOSECONDS.toSeconds(finder.pauseNanos(-1));
    }

    // ---- addresses

    @Test
    void addressesOfBothKinds_areTargetsInAnOrderOfTheirOwn() throws IOException {
        server.set("catalog.test", "A", 30, "10.0.0.2", "10.0.0.1");
        server.set("catalog.test", "AAAA", 20, "2001:db8::1");
        RecordFinder finder = new RecordFinder(addresses());
        assertThat(urls(finder))
                .containsExactly("http://10.0.0.1:8080", "http://10.0.0.2:8080", "http://[2001:db8:0:0:0:0:0:1]:8080");
        assertThat(pauseSeconds(finder)).isEqualTo(20);
    }

    @Test
    void ttl_isHonouredWithinItsBounds() throws IOException {
        server.set("catalog.test", "A", 0, "10.0.0.1");
        RecordFinder finder = new RecordFinder(addresses().refresh(Duration.ofSeconds(3)));
        finder.find();
        assertThat(pauseSeconds(finder)).isEqualTo(3);
        server.set("catalog.test", "A", 7, "10.0.0.1");
        finder.find();
        assertThat(pauseSeconds(finder)).isEqualTo(7);
        server.set("catalog.test", "A", 86_400, "10.0.0.1");
        finder.find();
        assertThat(pauseSeconds(finder)).isEqualTo(300);
        server.mood(Mood.SERVFAIL);
        assertThatThrownBy(finder::find).isInstanceOf(IOException.class);
        assertThat(pauseSeconds(finder)).isEqualTo(3);
    }

    @Test
    void alias_isFollowedAndItsTtlCounts() throws IOException {
        server.set("catalog.test", "CNAME", 5, "a.test");
        server.set("a.test", "CNAME", 60, "b.test");
        server.set("b.test", "A", 40, "10.0.0.1");
        RecordFinder finder = new RecordFinder(addresses());
        assertThat(urls(finder)).containsExactly("http://10.0.0.1:8080");
        assertThat(pauseSeconds(finder)).isEqualTo(5);
        server.set("b.test", "CNAME", 60, "a.test");
        server.set("b.test", "A", 40);
        assertThatThrownBy(finder::find).hasMessageContaining("aliases");
    }

    @Test
    void nameWithoutAddresses_isAFailureThatSaysWhich() throws IOException {
        RecordFinder finder = new RecordFinder(addresses());
        assertThatThrownBy(finder::find).hasMessage("catalog.test does not exist");
        server.set("catalog.test", "TXT", 5, "hello");
        assertThatThrownBy(finder::find).hasMessage("catalog.test has no address records");
        server.mood(Mood.SERVFAIL);
        assertThatThrownBy(finder::find).hasMessageContaining("SERVFAIL from " + server.address());
        server.mood(Mood.SILENT);
        assertThatThrownBy(finder::find).hasMessageContaining("no answer from " + server.address() + " within 300 ms");
        String address = server.address();
        server.close();
        assertThatThrownBy(finder::find)
                .hasMessageContaining("no answer from " + address + ": ")
                .hasMessageNotContaining("null");
    }

    /** A server that stumbles over AAAA is common; what it told of one kind before stays. */
    @Test
    void oneKindThatFails_keepsItsLastAddresses() throws IOException {
        server.set("catalog.test", "A", 5, "10.0.0.1");
        server.set("catalog.test", "AAAA", 5, "::1");
        RecordFinder finder = new RecordFinder(addresses());
        assertThat(urls(finder)).hasSize(2);
        server.moodForAaaa(Mood.SERVFAIL);
        server.set("catalog.test", "A", 5, "10.0.0.9");
        assertThat(urls(finder)).containsExactly("http://10.0.0.9:8080", "http://[0:0:0:0:0:0:0:1]:8080");
        server.moodForAaaa(Mood.ANSWERS);
        server.set("catalog.test", "AAAA", 5);
        assertThat(urls(finder)).containsExactly("http://10.0.0.9:8080");
    }

    @Test
    void serverThatDoesNotAnswer_isPassedOver() throws IOException {
        try (DatagramSocket silent = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            server.set("catalog.test", "A", 5, "10.0.0.1");
            DnsRecords source = TargetSource.dnsRecords("http://catalog.test:8080")
                    .resolver("127.0.0.1:" + silent.getLocalPort())
                    .resolver(server.address())
                    .timeout(Duration.ofMillis(50));
            assertThat(urls(new RecordFinder(source))).containsExactly("http://10.0.0.1:8080");
        }
    }

    @Test
    void answerOfAnother_isNotTaken() throws IOException {
        server.set("catalog.test", "A", 5, "10.0.0.1");
        server.mood(Mood.FORGED);
        assertThat(urls(new RecordFinder(addresses()))).containsExactly("http://10.0.0.1:8080");
    }

    @Test
    void serverFromBeforeEdns_isAskedWithoutIt() throws IOException {
        server.set("catalog.test", "A", 5, "10.0.0.1");
        server.mood(Mood.REFUSES_EDNS);
        assertThat(urls(new RecordFinder(addresses()))).containsExactly("http://10.0.0.1:8080");
    }

    @Test
    void answerThatWasCut_isAskedForByTcp() throws IOException {
        server.set("catalog.test", "A", 5, "10.0.0.1");
        server.mood(Mood.TRUNCATES);
        assertThat(urls(new RecordFinder(addresses()))).containsExactly("http://10.0.0.1:8080");
        assertThat(server.queries("A")).extracting(Query::tcp).containsExactly(false, true);
    }

    @Test
    void longAnswer_comesByTcpAndIsBounded() throws IOException {
        String[] many = IntStream.range(0, 300)
                .mapToObj(i -> "10.0." + i / 256 + "." + i % 256)
                .toArray(String[]::new);
        server.set("catalog.test", "A", 5, many);
        RecordFinder finder = new RecordFinder(addresses());
        assertThat(urls(finder)).hasSize(256);
        assertThat(server.queries("A")).extracting(Query::tcp).containsExactly(false, true);
        assertThat(urls(new RecordFinder(addresses().maxTargets(300)))).hasSize(300);
    }

    // ---- services

    @Test
    void manyServices_areNotAllLookedUp() throws IOException {
        server.additional(false);
        String[] many = IntStream.range(0, 60)
                .mapToObj(i -> String.format("0 1 80 h%02d.test", i))
                .toArray(String[]::new);
        server.set(SRV, "SRV", 30, many);
        for (int i = 0; i < 60; i++) {
            server.set(String.format("h%02d.test", i), "A", 5, "10.0.0." + i);
        }
        assertThat(urls(new RecordFinder(services().maxTargets(4)))).hasSize(4);
        // One more tells that there are more.
        assertThat(server.queries("A")).hasSize(5);
    }

    @Test
    void hostsOfServices_areTakenFromTheSameServer() throws IOException {
        server.set(SRV, "SRV", 30, "0 5 8080 one.test", "0 7 8081 two.test", "0 7 8081 gone.test");
        server.set("one.test", "A", 12, "10.0.0.1");
        server.set("two.test", "A", 40, "10.0.0.2");
        server.set("two.test", "AAAA", 40, "::2");
        RecordFinder finder = new RecordFinder(services());
        assertThat(finder.find())
                .containsExactly(
                        Target.builder("http://10.0.0.1:8080").weight(5).build(),
                        Target.builder("http://10.0.0.2:8081").weight(7).build(),
                        Target.builder("http://[0:0:0:0:0:0:0:2]:8081")
                                .weight(7)
                                .build());
        assertThat(pauseSeconds(finder)).isEqualTo(12);
    }

    @Test
    void prioritiesOfServices_becomeTiersInTheirOrder() throws IOException {
        server.additional(true);
        server.set(SRV, "SRV", 30, "20 0 80 two.test", "10 0 80 one.test", "10 9 81 one.test", "65535 3 80 two.test");
        server.set("one.test", "A", 30, "10.0.0.1");
        server.set("two.test", "A", 30, "10.0.0.2");
        // The last of the records is the same server as the first, which is of the better tier.
        assertThat(new RecordFinder(services()).find())
                .containsExactly(
                        Target.builder("http://10.0.0.1:80").weight(1).build(),
                        Target.builder("http://10.0.0.1:81").weight(900).build(),
                        Target.builder("http://10.0.0.2:80")
                                .weight(1)
                                .priority(1)
                                .build());
    }

    /** What was known of the hosts of services was forgotten with each look. */
    @Test
    void oneKindOfAHostThatFails_keepsItsLastAddresses() throws IOException {
        server.set(SRV, "SRV", 30, "0 5 8080 one.test");
        server.set("one.test", "A", 12, "10.0.0.1");
        server.set("one.test", "AAAA", 12, "::1");
        RecordFinder finder = new RecordFinder(services());
        assertThat(urls(finder)).hasSize(2);
        server.moodForAaaa(Mood.SERVFAIL);
        server.set("one.test", "A", 12, "10.0.0.9");
        assertThat(urls(finder)).containsExactly("http://10.0.0.9:8080", "http://[0:0:0:0:0:0:0:1]:8080");
        // A host that was not named for a while begins anew.
        server.set(SRV, "SRV", 30, "0 5 8080 10-0-0-7.test");
        server.set("10-0-0-7.test", "A", 12, "10.0.0.7");
        assertThat(urls(finder)).containsExactly("http://10.0.0.7:8080");
        server.set(SRV, "SRV", 30, "0 5 8080 one.test");
        assertThat(urls(finder)).containsExactly("http://10.0.0.9:8080");
    }

    @Test
    void hostsThatComeAlong_areNotAskedFor() throws IOException {
        server.additional(true);
        server.set(SRV, "SRV", 30, "0 5 8080 one.test");
        server.set("one.test", "A", 12, "10.0.0.1");
        RecordFinder finder = new RecordFinder(services());
        assertThat(urls(finder)).containsExactly("http://10.0.0.1:8080");
        assertThat(server.queries()).hasSize(1);
        assertThat(pauseSeconds(finder)).isEqualTo(12);
    }

    @Test
    void serviceThatIsNotThere_isAFailureThatSaysWhy() throws IOException {
        RecordFinder finder = new RecordFinder(services());
        assertThatThrownBy(finder::find).hasMessage(SRV + " does not exist");
        server.set(SRV, "TXT", 5, "hello");
        assertThatThrownBy(finder::find).hasMessage(SRV + " has no SRV records");
        server.set(SRV, "SRV", 5, "0 0 0 .");
        assertThatThrownBy(finder::find).hasMessage(SRV + " says that there is no such service");
        server.set(SRV, "SRV", 5, "0 0 80 gone.test");
        assertThatThrownBy(finder::find).hasMessage("gone.test does not exist");
    }

    @Test
    void weightZero_meansRarelyAndNeverDrains() {
        assertThat(RecordFinder.weights(new int[] {0, 0})).containsExactly(1, 1);
        assertThat(RecordFinder.weights(new int[] {3, 5})).containsExactly(3, 5);
        assertThat(RecordFinder.weights(new int[] {0, 10, 60})).containsExactly(1, 1_000, 6_000);
        assertThat(RecordFinder.weights(new int[] {0, 1_000})).containsExactly(1, 65_000);
        assertThat(RecordFinder.weights(new int[] {0, 65_535})).containsExactly(1, 65_535);
    }
}
