package io.fairlead.proxy.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bodies of each source, and their readers. */
class BodyTest {

    @TempDir
    Path folder;

    private static String text(CompletionStage<byte[]> stage) {
        return new String(stage.toCompletableFuture().join(), UTF_8);
    }

    private static <T> Throwable failure(CompletionStage<T> stage) {
        try {
            stage.toCompletableFuture().get();
        } catch (ExecutionException e) {
            return e.getCause();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        throw new AssertionError("the stage did not fail");
    }

    // Bytes in memory.

    @Test
    void bytes_areReadAgainAndAgain() {
        Body body = Body.of("hello");
        assertThat(body.length()).hasValue(5);
        assertThat(body.trailers()).isEmpty();
        assertThat(text(body.readAll(5))).isEqualTo("hello");
        assertThat(StrictSubscriber.subscribe(body).request(1).text()).isEqualTo("hello");
        body.discard();
        assertThat(body.inputStream()).hasContent("hello");
    }

    @Test
    void bytesChangedByAReader_stayForTheNext() {
        Body body = Body.of("hello");
        body.readAll(5).toCompletableFuture().join()[0] = 'j';
        assertThat(text(body.readAll(5))).isEqualTo("hello");
    }

    @Test
    void bytesOverTheCap_fail() {
        assertThat(failure(Body.of("hello").readAll(4)))
                .isInstanceOfSatisfying(
                        BodyTooLargeException.class,
                        e -> assertThat(e.maxBytes()).isEqualTo(4));
        assertThatThrownBy(() -> Body.of("x").readAll(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void bytes_waitForDemandAndObeyCancel() {
        StrictSubscriber subscriber = StrictSubscriber.subscribe(Body.of("hello"));
        assertThat(subscriber.size()).isZero();
        subscriber.cancel();
        subscriber.request(1);
        assertThat(subscriber.size()).isZero();

        StrictSubscriber cancelling = new StrictSubscriber() {
            @Override
            void got(ByteBuffer piece) {
                cancel();
            }
        };
        assertThat(cancelling.to(Body.of("hello").publisher()).request(2).completed())
                .isFalse();

        assertThat(StrictSubscriber.subscribe(Body.of("x")).request(0).failure())
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void emptyBody_endsWithoutDemand() {
        assertThat(Body.of(new byte[0])).isSameAs(Body.empty());
        assertThat(StrictSubscriber.subscribe(Body.empty()).completed()).isTrue();
        assertThat(text(Body.empty().readAll(0))).isEmpty();
    }

    // A publisher of the user.

    @Test
    void publisher_isReadOnce() {
        Body body = Body.of(TestPublisher.of("a", "b"));
        assertThat(body.length()).isEmpty();
        assertThat(text(body.readAll(2))).isEqualTo("ab");
        assertThatThrownBy(body::publisher).isInstanceOf(IllegalStateException.class);
        body.discard();
    }

    @Test
    void streamOverTheCap_failsAndIsCancelled() {
        TestPublisher publisher = TestPublisher.of("abc", "de", "f");
        assertThat(failure(Body.of(publisher).readAll(4))).isInstanceOf(BodyTooLargeException.class);
        assertThat(publisher.cancelled()).isTrue();
        assertThat(text(Body.of(TestPublisher.of("abc", "d")).readAll(4))).isEqualTo("abcd");
    }

    @Test
    void announcedLengthOverTheCap_failsBeforeAnythingIsRead() {
        TestPublisher publisher = TestPublisher.of("abcde");
        assertThat(failure(Body.of(publisher, 5).readAll(4))).isInstanceOf(BodyTooLargeException.class);
        assertThat(publisher.requested()).isZero();
        assertThat(publisher.cancelled()).isTrue();
    }

    @Test
    void stageThatIsGivenUp_cancelsTheStream() {
        TestPublisher publisher = TestPublisher.open();
        CompletionStage<byte[]> stage = Body.of(publisher).readAll(10);
        stage.toCompletableFuture().cancel(true);
        publisher.give("a");
        assertThat(publisher.cancelled()).isTrue();
    }

    @Test
    void streamThatFails_failsTheStage() {
        TestPublisher publisher = TestPublisher.open();
        CompletionStage<byte[]> stage = Body.of(publisher).readAll(10);
        publisher.give("a");
        publisher.fail(new IOException("broken"));
        assertThat(failure(stage)).isInstanceOf(IOException.class).hasMessage("broken");
    }

    @Test
    void streamOfAnotherLengthThanAnnounced_fails() {
        assertThat(Body.of(TestPublisher.of("ab"), 2).length()).hasValue(2);
        assertThat(text(Body.of(TestPublisher.of("ab", "c"), 3).readAll(9))).isEqualTo("abc");
        assertThat(failure(Body.of(TestPublisher.of("ab"), 3).readAll(9))).hasMessageContaining("after 2 of the 3");
        TestPublisher longer = TestPublisher.of("ab", "cd", "e");
        StrictSubscriber subscriber =
                StrictSubscriber.subscribe(Body.of(longer, 3)).request(9);
        assertThat(subscriber.text()).isEqualTo("ab");
        assertThat(subscriber.failure()).hasMessageContaining("more than the 3");
        assertThat(longer.cancelled()).isTrue();
        assertThatThrownBy(() -> Body.of(TestPublisher.of(), -1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void discardedPublisher_isCancelled() {
        TestPublisher publisher = TestPublisher.of("a");
        Body body = Body.of(publisher);
        body.discard();
        body.discard();
        assertThat(publisher.cancelled()).isTrue();
        assertThat(publisher.requested()).isZero();
        assertThatThrownBy(() -> body.readAll(1)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void replayable_readsAgainWithTrailers() {
        Body replayable = Body.of(TestPublisher.of("a", "b"))
                .replayable(2)
                .toCompletableFuture()
                .join();
        assertThat(text(replayable.readAll(2))).isEqualTo("ab");
        assertThat(text(replayable.readAll(2))).isEqualTo("ab");
        assertThat(failure(Body.of(TestPublisher.of("abc")).replayable(2))).isInstanceOf(BodyTooLargeException.class);
        Body bytes = Body.of("x");
        assertThat(bytes.replayable(1).toCompletableFuture().join()).isSameAs(bytes);
    }

    // A file.

    @Test
    void file_isReadInPiecesAsAskedFor() throws IOException {
        byte[] content = new byte[FileBody.PIECE_BYTES * 2 + 10];
        new Random(1).nextBytes(content);
        Body body = Body.of(Files.write(folder.resolve("f"), content));
        assertThat(body.length()).hasValue(content.length);

        StrictSubscriber subscriber = StrictSubscriber.subscribe(body);
        assertThat(subscriber.sizes).isEmpty();
        assertThat(subscriber.request(1).sizes).containsExactly(FileBody.PIECE_BYTES);
        assertThat(subscriber.completed()).isFalse();
        subscriber.request(Long.MAX_VALUE).request(Long.MAX_VALUE);
        assertThat(subscriber.sizes).containsExactly(FileBody.PIECE_BYTES, FileBody.PIECE_BYTES, 10);
        assertThat(subscriber.completed()).isTrue();
        assertThat(subscriber.bytes()).isEqualTo(content);
        assertThat(body.readAll(content.length).toCompletableFuture().join()).isEqualTo(content);
    }

    @Test
    void fileAskedForOneByOneWithinOnNext_doesNotNestCalls() throws IOException {
        byte[] content = new byte[FileBody.PIECE_BYTES * 50];
        Body body = Body.of(Files.write(folder.resolve("f"), content));
        StrictSubscriber subscriber = new StrictSubscriber() {
            @Override
            void got(ByteBuffer piece) {
                request(1);
            }
        };
        subscriber.to(body.publisher()).request(1);
        assertThat(subscriber.size()).isEqualTo(content.length);
        assertThat(subscriber.completed()).isTrue();
    }

    @Test
    void fileThatShrinks_fails() throws IOException {
        Path file = Files.write(folder.resolve("f"), new byte[FileBody.PIECE_BYTES * 2]);
        StrictSubscriber subscriber = StrictSubscriber.subscribe(Body.of(file)).request(1);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(10);
        }
        assertThat(subscriber.request(1).failure())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("shorter");
    }

    @Test
    void fileThatGrows_endsAtTheLengthAnnounced() throws IOException {
        Path file = Files.writeString(folder.resolve("f"), "abc");
        Body body = Body.of(file);
        Files.writeString(file, "abcdef");
        assertThat(text(body.readAll(10))).isEqualTo("abc");
    }

    @Test
    void fileCancelledInOnNext_givesNoMore() throws IOException {
        Body body = Body.of(Files.write(folder.resolve("f"), new byte[FileBody.PIECE_BYTES * 3]));
        StrictSubscriber subscriber = new StrictSubscriber() {
            @Override
            void got(ByteBuffer piece) {
                cancel();
            }
        };
        subscriber.to(body.publisher()).request(5);
        subscriber.request(1);
        assertThat(subscriber.size()).isEqualTo(FileBody.PIECE_BYTES);
    }

    @Test
    void fileThatIsNone_isRefusedAtOnce() {
        assertThatThrownBy(() -> Body.of(folder.resolve("missing"))).isInstanceOf(UncheckedIOException.class);
        assertThatThrownBy(() -> Body.of(folder)).isInstanceOf(UncheckedIOException.class);
    }

    @Test
    void fileThatVanished_failsTheStream() throws IOException {
        Path file = Files.writeString(folder.resolve("f"), "abc");
        Body body = Body.of(file);
        Files.delete(file);
        assertThat(StrictSubscriber.subscribe(body).request(1).failure()).isInstanceOf(IOException.class);
        assertThat(StrictSubscriber.subscribe(Body.of(Files.createFile(folder.resolve("empty"))))
                        .completed())
                .isTrue();
    }

    @Test
    void badDemandOfAFile_isAnError() throws IOException {
        Body body = Body.of(Files.writeString(folder.resolve("f"), "abc"));
        assertThat(StrictSubscriber.subscribe(body).request(-1).failure()).isInstanceOf(IllegalArgumentException.class);
    }

    // The blocking stream.

    @Test
    void inputStream_waitsForPiecesAndHoldsTwo() throws Exception {
        TestPublisher publisher = TestPublisher.open();
        try (InputStream input = Body.of(publisher).inputStream()) {
            assertThat(publisher.requested()).isEqualTo(2);
            CompletableFuture<String> read = CompletableFuture.supplyAsync(() -> {
                try {
                    return new String(input.readAllBytes(), UTF_8);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            publisher.give("ab");
            publisher.give("c");
            publisher.give("d");
            publisher.complete();
            assertThat(read.get()).isEqualTo("abcd");
        }
        assertThat(publisher.cancelled()).isTrue();
    }

    @Test
    void inputStreamThatIsNotRead_asksForNoMore() throws IOException {
        TestPublisher publisher = TestPublisher.of("ab", "c", "d", "e");
        InputStream input = Body.of(publisher).inputStream();
        assertThat(input.read()).isEqualTo('a');
        assertThat(input.available()).isEqualTo(1);
        assertThat(publisher.requested()).isEqualTo(2);
        assertThat(input.read(new byte[10])).isEqualTo(1);
        assertThat(input.read()).isEqualTo('c');
        assertThat(publisher.requested()).isEqualTo(3);
        assertThat(input.readAllBytes()).asString().isEqualTo("de");
        assertThat(input.read()).isEqualTo(-1);
        assertThat(input.read(new byte[1])).isEqualTo(-1);
    }

    @Test
    void inputStreamOfAFailedBody_failsAtEachRead() throws IOException {
        TestPublisher publisher = TestPublisher.open();
        InputStream input = Body.of(publisher).inputStream();
        publisher.give("a");
        publisher.fail(new IllegalStateException("broken"));
        assertThat(input.read()).isEqualTo('a');
        assertThatThrownBy(input::read).isInstanceOf(IOException.class).hasMessageContaining("broken");
        // An end here would make a cut body look whole.
        assertThatThrownBy(input::read).isInstanceOf(IOException.class).hasRootCauseMessage("broken");
    }

    @Test
    void closeOfTheInputStream_cancelsAndWakesTheReader() throws Exception {
        TestPublisher publisher = TestPublisher.open();
        InputStream input = Body.of(publisher).inputStream();
        CompletableFuture<Throwable> read = new CompletableFuture<>();
        Thread reader = new Thread(() -> {
            try {
                input.read();
                read.complete(new AssertionError("read gave something"));
            } catch (IOException e) {
                read.complete(e);
            }
        });
        reader.start();
        while (reader.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
        input.close();
        assertThat(read.get()).isInstanceOf(IOException.class).hasMessageContaining("closed");
        assertThat(publisher.cancelled()).isTrue();
        assertThatThrownBy(input::read).isInstanceOf(IOException.class);
    }

    @Test
    void interruptedReader_stopsWithTheFlagSet() {
        InputStream input = Body.of(TestPublisher.open()).inputStream();
        Thread.currentThread().interrupt();
        assertThatThrownBy(input::read).isInstanceOf(IOException.class).hasMessageContaining("interrupted");
        assertThat(Thread.interrupted()).isTrue();
    }
}
