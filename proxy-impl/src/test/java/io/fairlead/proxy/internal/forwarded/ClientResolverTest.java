package io.fairlead.proxy.internal.forwarded;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.internal.net.CidrSet;
import io.fairlead.proxy.testing.Seeds;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClientResolverTest {
    private static final CidrSet TRUSTED = CidrSet.parse(List.of("10.0.0.0/8", "fd00::/8"));
    private static final ClientResolver RESOLVER = new ClientResolver(TRUSTED::contains);
    private static final InetSocketAddress PEER = peer("10.0.0.1");

    private static InetSocketAddress peer(String address) {
        InetAddress literal = Addresses.address(address);
        assertThat(literal).as(address).isNotNull();
        return new InetSocketAddress(literal, 5000);
    }

    private static ResolvedClient resolve(String... fields) {
        return resolve(PEER, fields);
    }

    private static ResolvedClient resolve(InetSocketAddress peer, String... fields) {
        Headers headers = Headers.create();
        for (String field : fields) {
            headers.add(field.substring(0, field.indexOf(':')), field.substring(field.indexOf(':') + 1));
        }
        return RESOLVER.resolve(peer, "http", headers);
    }

    private static String client(ResolvedClient resolved) {
        InetSocketAddress client = resolved.client();
        return Addresses.text(client.getAddress()) + " " + client.getPort();
    }

    @Test
    void peerThatIsNotTrusted_isTheClient() {
        ResolvedClient resolved = resolve(
                peer("192.0.2.9"),
                "X-Forwarded-For:1.2.3.4",
                "X-Forwarded-Proto:https",
                "X-Forwarded-Host:a",
                "Forwarded:for=1.2.3.4");
        assertThat(client(resolved)).isEqualTo("192.0.2.9 5000");
        assertThat(resolved.scheme()).isEqualTo("http");
        assertThat(resolved.host()).isEmpty();
        assertThat(resolved.port()).isEmpty();
    }

    @Test
    void trustedPeerWithoutFields_isTheClient() {
        assertThat(client(resolve())).isEqualTo("10.0.0.1 5000");
        assertThat(client(resolve("X-Forwarded-For:"))).isEqualTo("10.0.0.1 5000");
        assertThat(client(resolve("X-Forwarded-For: , ,"))).isEqualTo("10.0.0.1 5000");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "192.0.2.1|192.0.2.1 0",
                "192.0.2.1:1234|192.0.2.1 1234",
                "2001:db8::1|2001:db8::1 0",
                "[2001:DB8:0::1]|2001:db8::1 0",
                "[2001:db8::1]:443|2001:db8::1 443",
                "::ffff:192.0.2.1|192.0.2.1 0",
                "1.1.1.1, 192.0.2.1, 10.0.0.2,10.0.0.3|192.0.2.1 0",
                "10.0.0.4, 10.0.0.3|10.0.0.4 0",
                "::ffff:10.0.0.4, 192.0.2.1, ::ffff:10.0.0.3|192.0.2.1 0",
                "1.1.1.1,,192.0.2.1 ,\t, 10.0.0.2|192.0.2.1 0",
                "192.0.2.1, fd00::1|192.0.2.1 0",
                "1.1.1.1, unknown, 10.0.0.3|10.0.0.3 0",
                "1.1.1.1, evil.example, 10.0.0.3|10.0.0.3 0",
                "1.1.1.1, garbage|10.0.0.1 5000",
                "localhost|10.0.0.1 5000",
                "192.0.2|10.0.0.1 5000",
                "192.0.2.01|10.0.0.1 5000",
                "192.0.2.256|10.0.0.1 5000",
                "192.0.2.1/24|10.0.0.1 5000",
                "192.0.2.*|10.0.0.1 5000",
                "3221225985|10.0.0.1 5000",
                "0xC0000201|10.0.0.1 5000",
                "192.0.2.1:0|10.0.0.1 5000",
                "192.0.2.1:65536|10.0.0.1 5000",
                "192.0.2.1:1x|10.0.0.1 5000",
                "192.0.2.1:|10.0.0.1 5000",
                "[192.0.2.1]|10.0.0.1 5000",
                "[2001:db8::1|10.0.0.1 5000",
                "[2001:db8::1]x|10.0.0.1 5000",
                "fe80::1%eth0|10.0.0.1 5000",
                "2001:db8:::1|10.0.0.1 5000",
                "''''|10.0.0.1 5000",
            })
    void xForwardedFor_isWalkedFromTheRight(String field, String expected) {
        assertThat(client(resolve("X-Forwarded-For:" + field))).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "for=192.0.2.1|192.0.2.1 0",
                "FOR=\"192.0.2.1:1234\";proto=https|192.0.2.1 1234",
                "for=\"[2001:db8::1]\"|2001:db8::1 0",
                "for=\"[2001:db8::1]:443\"; by=10.0.0.1|2001:db8::1 443",
                "for=\"192.0.2.1:_port\"|192.0.2.1 0",
                "for=\"\\1\\92.0.2.1\"|192.0.2.1 0",
                "for=1.1.1.1, for=192.0.2.1;by=\"a,b;c\", for=10.0.0.3|192.0.2.1 0",
                "for=10.0.0.4, for=10.0.0.3|10.0.0.4 0",
                "for=1.1.1.1, for=_hidden, for=10.0.0.3|10.0.0.3 0",
                "for=1.1.1.1, for=unknown, for=10.0.0.3|10.0.0.3 0",
                "for=1.1.1.1, proto=https, for=10.0.0.3|10.0.0.3 0",
                "for=\"1.1.1.1, for=192.0.2.1|192.0.2.1 0",
                "for=\"1.1.1.1, for=192.0.2.1;host=\"h\"|192.0.2.1 0",
                "for=\"1.1.1.1\\\", for=192.0.2.1;host=\"a\\\"b\"|192.0.2.1 0",
                "for=1.1.1.1, for=192.0.2.1 x, for=10.0.0.3|10.0.0.3 0",
                "for=192.0.2.1;for=1.1.1.1|10.0.0.1 5000",
                "for=192.0.2.1;|192.0.2.1 0",
                "for=192.0.2.1 ; proto=http|192.0.2.1 0",
                "for|10.0.0.1 5000",
                "for=|10.0.0.1 5000",
                "for =192.0.2.1|10.0.0.1 5000",
                "for=\"192.0.2.1|10.0.0.1 5000",
                "for=2001:db8::1|10.0.0.1 5000",
                "for=\"2001:db8::1\"|10.0.0.1 5000",
                "for=192.0.2.1:80|10.0.0.1 5000",
                "192.0.2.1|10.0.0.1 5000",
            })
    void forwarded_isWalkedFromTheRight(String field, String expected) {
        assertThat(client(resolve("Forwarded:" + field))).isEqualTo(expected);
    }

    @Test
    void severalFields_areOneListInTheirOrder() {
        assertThat(client(resolve("X-Forwarded-For:1.1.1.1, 192.0.2.1", "X-Forwarded-For:10.0.0.2, 10.0.0.3")))
                .isEqualTo("192.0.2.1 0");
        assertThat(client(resolve("X-Forwarded-For:192.0.2.1", "X-Forwarded-For:bad")))
                .isEqualTo("10.0.0.1 5000");
        assertThat(client(resolve("Forwarded:for=\"bad", "Forwarded:for=192.0.2.1", "Forwarded:for=10.0.0.3")))
                .isEqualTo("192.0.2.1 0");
    }

    @Test
    void schemeHostAndPort_comeWithTheClient() {
        ResolvedClient resolved = resolve(
                "X-Forwarded-For:192.0.2.1",
                "X-Forwarded-Proto:HTTPS",
                "X-Forwarded-Host:Shop.Example",
                "X-Forwarded-Port:8443");
        assertThat(resolved.scheme()).isEqualTo("https");
        assertThat(resolved.host()).contains("shop.example");
        assertThat(resolved.port()).hasValue(8443);

        ResolvedClient lists = resolve(
                "X-Forwarded-For:1.1.1.1, 192.0.2.1, 10.0.0.2",
                "X-Forwarded-Proto:ftp, https, http",
                "X-Forwarded-Host:evil.example, shop.example:444, inner",
                "X-Forwarded-Port:1,2,3");
        assertThat(lists.scheme()).isEqualTo("https");
        assertThat(lists.host()).contains("shop.example");
        assertThat(lists.port()).hasValue(2);

        ResolvedClient last = resolve(
                "X-Forwarded-For:192.0.2.1",
                "X-Forwarded-Proto:http, https",
                "X-Forwarded-Host:evil.example, shop.example:444");
        assertThat(last.scheme()).isEqualTo("https");
        assertThat(last.host()).contains("shop.example");
        assertThat(last.port()).hasValue(444);

        ResolvedClient withoutAddress = resolve("X-Forwarded-Proto:wss");
        assertThat(client(withoutAddress)).isEqualTo("10.0.0.1 5000");
        assertThat(withoutAddress.scheme()).isEqualTo("https");
    }

    @Test
    void schemeAndHostOfForwarded_comeFromTheClientsElement() {
        ResolvedClient resolved = resolve("Forwarded:for=1.1.1.1;host=evil;proto=http, "
                + "for=192.0.2.1;proto=https;host=\"[2001:DB8::1]:8443\", for=10.0.0.3;proto=http;host=inner");
        assertThat(resolved.scheme()).isEqualTo("https");
        assertThat(resolved.host()).contains("[2001:db8::1]");
        assertThat(resolved.port()).hasValue(8443);

        ResolvedClient hidden = resolve("Forwarded:for=_hidden;proto=https;host=a.example");
        assertThat(client(hidden)).isEqualTo("10.0.0.1 5000");
        assertThat(hidden.scheme()).isEqualTo("https");
        assertThat(hidden.host()).contains("a.example");
    }

    @Test
    void fieldsOfBothKinds_xForwardedForWins() {
        ResolvedClient resolved = resolve("Forwarded:for=1.1.1.1;proto=https", "X-Forwarded-For:192.0.2.1");
        assertThat(client(resolved)).isEqualTo("192.0.2.1 0");
        assertThat(resolved.scheme()).isEqualTo("http");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "evil/@x",
                "a b",
                "a:b",
                "a:",
                ":80",
                "[::1",
                "[::1]x",
                "[1.2.3.4]",
                "a:99999",
                "a%00",
                "ä",
                "http://a"
            })
    void hostThatIsNone_isPassedOver(String host) {
        ResolvedClient resolved = resolve("X-Forwarded-For:192.0.2.1", "X-Forwarded-Host:" + host);
        assertThat(resolved.host()).isEmpty();
        assertThat(resolved.port()).isEmpty();
        assertThat(client(resolved)).isEqualTo("192.0.2.1 0");
    }

    @Test
    void longList_isLookedAtUpToItsLimit() {
        List<String> addresses = new ArrayList<>(List.of("192.0.2.1"));
        addresses.addAll(Collections.nCopies(ClientResolver.MAX_ELEMENTS - 1, "10.0.0.3"));
        assertThat(client(resolve("X-Forwarded-For:" + String.join(",", addresses))))
                .isEqualTo("192.0.2.1 0");
        addresses.add("10.0.0.2");
        assertThat(client(resolve("X-Forwarded-For:" + String.join(",", addresses))))
                .isEqualTo("10.0.0.3 0");
        assertThat(client(resolve("Forwarded:for=" + String.join(",for=", addresses))))
                .isEqualTo("10.0.0.3 0");
    }

    @Test
    void whatStandsLeftOfTheClient_neverChangesTheResult() {
        Seeds.run(1000, random -> {
            String alphabet = "0123456789.:,;=\"\\ []_abfor";
            StringBuilder junk = new StringBuilder();
            int length = random.nextInt(30);
            for (int i = 0; i < length; i++) {
                junk.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            assertThat(client(resolve("X-Forwarded-For:" + junk + ", 192.0.2.1, 10.0.0.3")))
                    .isEqualTo("192.0.2.1 0");
            ResolvedClient resolved =
                    resolve("Forwarded:" + junk + ", for=\"192.0.2.1\";host=\"a.example\";proto=https, for=10.0.0.3");
            assertThat(client(resolved)).isEqualTo("192.0.2.1 0");
            assertThat(resolved.host()).contains("a.example");
            // Anything at all is read without an exception.
            resolve("Forwarded:" + junk);
            resolve("X-Forwarded-For:" + junk);
        });
    }
}
