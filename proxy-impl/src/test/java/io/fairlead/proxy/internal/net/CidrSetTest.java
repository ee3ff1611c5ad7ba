package io.fairlead.proxy.internal.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.fairlead.proxy.testing.Seeds;
import java.math.BigInteger;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CidrSetTest {

    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/8, 10.255.0.1, true",
        "10.0.0.0/8, 11.0.0.0, false",
        "10.1.2.3/8, 10.9.9.9, true",
        "192.168.1.7, 192.168.1.7, true",
        "192.168.1.7, 192.168.1.8, false",
        "192.168.1.7/32, 192.168.1.7, true",
        "0.0.0.0/0, 203.0.113.9, true",
        "0.0.0.0/0, ::1, false",
        "255.255.255.255/1, 128.0.0.1, true",
        "255.255.255.255/1, 127.255.255.255, false",
        "::1/128, ::1, true",
        "::1, ::2, false",
        "2001:db8::/33, 2001:db8:7fff::1, true",
        "2001:db8::/33, 2001:db8:8000::1, false",
        "fe80::/10, fe80::1, true",
        "::/0, 2001:db8::1, true",
        "::/0, 127.0.0.1, false",
        "::ffff:10.0.0.0/104, 10.1.2.3, true",
        "::ffff:10.0.0.1, 10.0.0.1, true",
        "10.0.0.0/8, ::ffff:10.0.0.1, true",
    })
    void address_isInTheNetworkOrNot(String network, String address, boolean expected) throws UnknownHostException {
        assertThat(CidrSet.parse(List.of(network)).contains(InetAddress.getByName(address)))
                .isEqualTo(expected);
    }

    @Test
    void mappedAddressOfSixteenBytes_isTheIpv4Address() throws UnknownHostException {
        byte[] mapped = new byte[16];
        mapped[10] = mapped[11] = (byte) 0xff;
        mapped[12] = 10;
        // The one factory that does not turn a mapped address into an Inet4Address.
        InetAddress address = Inet6Address.getByAddress(null, mapped, -1);
        assertThat(address.getAddress()).hasSize(16);
        assertThat(CidrSet.parse(List.of("10.0.0.0/8")).contains(address)).isTrue();
        assertThat(CidrSet.parse(List.of("::/0")).contains(address)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "*",
                "10",
                "10.1",
                "10.*.*.*",
                "10.0.0.1-9",
                "010.0.0.1",
                "0x0a.0.0.1",
                "10.0.0.0/33",
                "/8",
                "10.0.0.0/",
                "10.0.0.0/255.0.0.0",
                "10.0.0.0/-1",
                "example.com",
                "::/129",
                "fe80::1%eth0",
                "1::2::3",
                "[::1]",
                "10.0.0.1:80"
            })
    void whatIsNoNetwork_isRejectedAndNamed(String network) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CidrSet.parse(List.of("10.0.0.0/8", network)))
                .withMessageContaining("\"" + network + "\"");
    }

    @Test
    void manyNetworks_agreeWithArithmetic() {
        Seeds.run(200, random -> {
            List<String> networks = new ArrayList<>();
            List<BigInteger[]> ranges = new ArrayList<>();
            for (int i = random.nextInt(30); i >= 0; i--) {
                byte[] bytes = near(random.nextBoolean() ? 4 : 16, random);
                int prefix = random.nextInt(bytes.length * 8 + 1);
                networks.add(InetAddress.getByAddress(bytes).getHostAddress() + "/" + prefix);
                BigInteger first = new BigInteger(1, bytes)
                        .shiftRight(bytes.length * 8 - prefix)
                        .shiftLeft(bytes.length * 8 - prefix);
                BigInteger size = BigInteger.ONE.shiftLeft(bytes.length * 8 - prefix);
                ranges.add(new BigInteger[] {BigInteger.valueOf(bytes.length), first, first.add(size)});
            }
            CidrSet set = CidrSet.parse(networks);
            for (int i = 0; i < 50; i++) {
                byte[] bytes = near(random.nextBoolean() ? 4 : 16, random);
                BigInteger value = new BigInteger(1, bytes);
                boolean expected = ranges.stream()
                        .anyMatch(range -> range[0].intValue() == bytes.length
                                && value.compareTo(range[1]) >= 0
                                && value.compareTo(range[2]) < 0);
                assertThat(set.contains(InetAddress.getByAddress(bytes)))
                        .as("%s in %s", value.toString(16), networks)
                        .isEqualTo(expected);
            }
            assertThat(set.containsAll(CidrSet.parse(networks.subList(0, 1)))).isTrue();
        });
    }

    /** An address close to others drawn, so that networks meet. */
    private static byte[] near(int length, java.util.Random random) {
        byte[] bytes = new byte[length];
        bytes[0] = 32;
        bytes[1] = (byte) random.nextInt(3);
        bytes[length - 1] = (byte) random.nextInt(256);
        bytes[length - 2] = (byte) random.nextInt(4);
        return bytes;
    }
}
