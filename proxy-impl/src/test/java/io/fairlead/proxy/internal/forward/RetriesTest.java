package io.fairlead.proxy.internal.forward;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.internal.http.HeadParser;
import io.fairlead.proxy.internal.http.ResponseHead;
import io.fairlead.proxy.resilience.RetryPolicy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LongSummaryStatistics;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RetriesTest {
    private static final int DRAWS = 5_000;

    private static LongSummaryStatistics pauses(RetryPolicy policy, int tries) {
        return LongStream.range(0, DRAWS)
                .map(i -> Retries.backoffNanos(policy, tries))
                .summaryStatistics();
    }

    private static ResponseHead retryAfter(String value) {
        HeadParser parser = new HeadParser();
        byte[] head = ("HTTP/1.1 503 Busy\r\nRetry-After: " + value + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII);
        assertThat(parser.parseResponse(ByteBuffer.wrap(head), 4_096)).isPositive();
        return parser.response();
    }

    /** Not half of it and then at random, but from nothing on: those who failed together come back spread over all of the time. */
    @ParameterizedTest
    @CsvSource({"1, 25", "2, 50", "3, 100", "4, 200", "5, 250", "6, 250", "10, 250"})
    void pause_isAnythingUpToALimitThatDoublesAndHasACap(int tries, int limitMillis) {
        double limit = Duration.ofMillis(limitMillis).toNanos();
        LongSummaryStatistics pauses = pauses(RetryPolicy.ofDefaults(), tries);
        assertThat(pauses.getMin()).isBetween(0L, (long) (limit / 50));
        assertThat(pauses.getMax()).isBetween((long) (limit * 0.98), (long) limit);
        assertThat(pauses.getAverage()).isBetween(limit * 0.45, limit * 0.55);
    }

    @Test
    void withoutBackoff_thereIsNoPause() {
        RetryPolicy policy = RetryPolicy.builder().backoff(Duration.ZERO).build();
        assertThat(pauses(policy, 3).getMax()).isZero();
    }

    @Test
    void capBelowWhatDoublingGives_holds() {
        RetryPolicy policy = RetryPolicy.builder()
                .backoff(Duration.ofMillis(40))
                .maxBackoff(Duration.ofMillis(60))
                .build();
        assertThat(pauses(policy, 2).getMax())
                .isBetween(
                        Duration.ofMillis(55).toNanos(), Duration.ofMillis(60).toNanos());
    }

    @Test
    void retryAfterInSeconds_isUnderstood() {
        assertThat(Retries.retryAfterNanos(retryAfter("3")))
                .isEqualTo(Duration.ofSeconds(3).toNanos());
        assertThat(Retries.retryAfterNanos(retryAfter("0"))).isZero();
    }

    /** A date has whole seconds, so that a wait that is cut to such would end before it. */
    @Test
    void retryAfterAsADate_isNotBeforeThatDate() {
        Instant date = Instant.now().plusSeconds(30);
        String text = DateTimeFormatter.RFC_1123_DATE_TIME.format(date.atOffset(ZoneOffset.UTC));
        Instant named = Instant.ofEpochSecond(date.getEpochSecond());

        Instant before = Instant.now();
        long wait = Retries.retryAfterNanos(retryAfter(text));

        assertThat(before.plusNanos(wait)).isBetween(named.minusSeconds(1), named.plusSeconds(1));
        assertThat(Instant.now().plusNanos(wait)).isAfterOrEqualTo(named);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Sun, 06 Nov 1994 08:49:37 GMT", "-5", "soon", "1.5", "Sun, 99 Nov 1994 08:49:37 GMT"})
    void retryAfterThatIsOverOrCannotBeRead_asksForNoWait(String value) {
        assertThat(Retries.retryAfterNanos(retryAfter(value))).isZero();
    }
}
