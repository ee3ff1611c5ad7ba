package io.fairlead.proxy.internal.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.discovery.TargetDiscovery;
import io.fairlead.proxy.discovery.TargetSource;
import io.fairlead.proxy.testing.Await;
import io.fairlead.proxy.upstream.Target;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class DiscoveriesTest {
    private static final Target A = Target.of("http://a:1");
    private static final Duration OFTEN = Duration.ofMillis(100);

    @TempDir
    Path folder;

    /** What a listener heard, in words. */
    private static final class Heard implements Discoveries.Listener {
        private final BlockingQueue<String> all = new LinkedBlockingQueue<>();

        @Override
        public void found(List<Target> targets) {
            all.add("found " + targets.stream().map(Target::url).toList());
        }

        @Override
        public void failed(String reason) {
            all.add("failed " + reason);
        }

        @Override
        public void recovered() {
            all.add("recovered");
        }

        String next() throws InterruptedException {
            return String.valueOf(all.poll(10, TimeUnit.SECONDS));
        }
    }

    private static Discoveries discoveries(TargetDiscovery code) {
        return new Discoveries("test", Map.of("code", code), InetAddress::getAllByName);
    }

    /** Each of them held its pool, and the threads, until the look that was to come. */
    @Test
    void closedWatch_isForgotten() throws InterruptedException {
        try (Discoveries discoveries = discoveries(() -> List.of(A))) {
            Heard heard = new Heard();
            List<Discoveries.Watch> watches = List.of(
                    discoveries.watch(TargetSource.ref("code").refresh(Duration.ofHours(1)), heard),
                    discoveries.watch(TargetSource.file("nowhere").refresh(Duration.ofHours(1)), heard));
            for (Discoveries.Watch watch : watches) {
                watch.awaitFirst(TimeUnit.SECONDS.toNanos(10));
            }
            Await.soon("the next looks", Duration.ofSeconds(10)).until(() -> discoveries.pending() == 2);
            watches.forEach(Discoveries.Watch::close);
            assertThat(discoveries.pending()).isZero();
        }
    }

    @Test
    void watchThatIsClosedBeforeItsFirstLook_keepsNobodyWaiting() throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        try (Discoveries discoveries = discoveries(() -> {
            never.await();
            return List.of(A);
        })) {
            Discoveries.Watch watch = discoveries.watch(TargetSource.ref("code"), new Heard());
            watch.close();
            watch.awaitFirst(TimeUnit.HOURS.toNanos(1));
        }
    }

    /** An Error was nobody's failure, and null meant that nothing had changed. */
    @ParameterizedTest
    @ValueSource(strings = {"error", "null", "null element"})
    void codeThatGivesNoAnswer_fails(String what) throws InterruptedException {
        AtomicReference<String> now = new AtomicReference<>(what);
        try (Discoveries discoveries = discoveries(() -> switch (now.get()) {
            case "error" -> throw new AssertionError("broken");
            case "null" -> null;
            case "null element" -> Arrays.asList(A, null);
            default -> List.of(A);
        })) {
            Heard heard = new Heard();
            discoveries.watch(TargetSource.ref("code").refresh(OFTEN), heard);
            assertThat(heard.next())
                    .isEqualTo(
                            switch (what) {
                                case "error" -> "failed java.lang.AssertionError: broken";
                                case "null" -> "failed discovery \"code\" gave null instead of targets";
                                default -> "failed discovery \"code\" gave a null among its targets";
                            });
            now.set("");
            assertThat(heard.next()).isEqualTo("recovered");
            assertThat(heard.next()).isEqualTo("found [http://a:1]");
        }
    }

    /** Two pools whose registry hung kept the files of all others from being read. */
    @Test
    void codeThatHangs_keepsNoFileWaiting() throws Exception {
        CountDownLatch hanging = new CountDownLatch(2);
        CountDownLatch never = new CountDownLatch(1);
        try (Discoveries discoveries = discoveries(() -> {
            hanging.countDown();
            never.await();
            return List.of(A);
        })) {
            discoveries.watch(TargetSource.ref("code"), new Heard());
            discoveries.watch(TargetSource.ref("code"), new Heard());
            assertThat(hanging.await(10, TimeUnit.SECONDS)).isTrue();
            Heard heard = new Heard();
            Path file = Files.writeString(folder.resolve("targets"), A.url());
            discoveries.watch(TargetSource.file(file.toString()), heard);
            assertThat(heard.next()).isEqualTo("found [http://a:1]");
        }
    }
}
