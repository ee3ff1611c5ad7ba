package io.fairlead.proxy.internal.forwarded;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.http.Headers;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ForwardedElementTest {

    private static InetSocketAddress socket(String address) {
        return new InetSocketAddress(Addresses.address(address), 1234);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "192.0.2.1|shop.example|https|for=192.0.2.1;host=shop.example;proto=https",
                "192.0.2.1|shop.example:8443|http|for=192.0.2.1;host=\"shop.example:8443\";proto=http",
                "2001:db8:0:0:0:0:0:1|[::1]:80|http|for=\"[2001:db8::1]\";host=\"[::1]:80\";proto=http",
                "192.0.2.1|``|http|for=192.0.2.1;proto=http",
                "192.0.2.1|a\"b\\c|http|for=192.0.2.1;host=\"a\\\"b\\\\c\";proto=http",
                "::ffff:192.0.2.1|a|http|for=192.0.2.1;host=a;proto=http",
            })
    void element_quotesWhatIsNoToken(String client, String host, String proto, String expected) {
        assertThat(ForwardedElement.forwardedElement(socket(client), null, host, proto))
                .isEqualTo(expected);
    }

    @Test
    void hostThatIsNoFieldValue_isLeftOut() {
        assertThat(ForwardedElement.forwardedElement(socket("192.0.2.1"), null, "a\r\nb: c", "x y"))
                .isEqualTo("for=192.0.2.1");
    }

    @Test
    void clientWithoutAddress_isUnknown() {
        assertThat(ForwardedElement.forwardedElement(
                        InetSocketAddress.createUnresolved("name.invalid", 1), socket("::1"), "a", "http"))
                .isEqualTo("for=unknown;by=\"[::1]\";host=a;proto=http");
    }

    @Test
    void element_isReadBackByTheResolver() {
        String element =
                ForwardedElement.forwardedElement(socket("2001:db8::1"), socket("10.0.0.1"), "a.example:81", "https");
        ResolvedClient resolved = new ClientResolver(address -> address.equals(Addresses.address("10.0.0.1")))
                .resolve(socket("10.0.0.1"), "http", Headers.create().add("Forwarded", element));
        assertThat(resolved.client().getAddress()).isEqualTo(Addresses.address("2001:db8::1"));
        assertThat(resolved.scheme()).isEqualTo("https");
        assertThat(resolved.host()).contains("a.example");
        assertThat(resolved.port()).hasValue(81);
    }
}
