package io.fairlead.proxy.internal.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.health.OutlierDetection;
import io.fairlead.proxy.internal.health.OutlierWatch.Rate;
import io.fairlead.proxy.testing.ManualClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class OutlierTest {
    private final List<String> reports = new ArrayList<>();

    private static OutlierDetection.Builder none() {
        return OutlierDetection.off().toBuilder();
    }

    private OutlierWatch watch(OutlierDetection.Builder config) {
        return new OutlierWatch(config.build(), 2, reports::add);
    }

    // ---- in a row

    @Test
    void unansweredRequestsInARow_areReportedByDefault() {
        OutlierWatch watch = watch(OutlierDetection.builder());
        for (int i = 0; i < 4; i++) {
            watch.failed(0, FailureCode.UPSTREAM_CLOSED);
        }
        assertThat(reports).isEmpty();
        watch.failed(1, FailureCode.UPSTREAM_CONNECT_FAILED);
        assertThat(reports).containsExactly("5 consecutive failures without an answer, last UPSTREAM_CONNECT_FAILED");
    }

    @Test
    void anyAnswer_endsTheRowOfUnansweredOnes() {
        OutlierWatch watch = watch(none().consecutiveLocalOriginFailures(2));
        watch.failed(0, FailureCode.UPSTREAM_CLOSED);
        watch.answered(0, 500);
        watch.failed(0, FailureCode.UPSTREAM_CLOSED);
        watch.answered(0, 200);
        watch.failed(0, FailureCode.UPSTREAM_CLOSED);
        assertThat(reports).isEmpty();
    }

    @Test
    void serverErrorsInARow_areReportedWithTheLastOne() {
        OutlierWatch watch = watch(none().consecutive5xx(3));
        watch.answered(0, 500);
        watch.answered(0, 404);
        watch.answered(0, 500);
        watch.failed(0, FailureCode.UPSTREAM_CLOSED);
        assertThat(reports).isEmpty();
        watch.answered(0, 503);
        assertThat(reports).containsExactly("3 consecutive 5xx, last 503");
    }

    @Test
    void statusesThatAClientBringsAbout_doNotCount() {
        OutlierWatch watch = watch(none().consecutive5xx(2).failurePercentage(1));
        for (int i = 0; i < 5; i++) {
            watch.answered(0, 501);
            watch.answered(0, 505);
        }
        assertThat(reports).isEmpty();
        assertThat(watch.takeRate()).isEqualTo(new Rate(10, 0));
    }

    @Test
    void gatewayErrorsInARow_endWithAnyOtherAnswer() {
        OutlierWatch watch = watch(none().consecutiveGatewayErrors(2));
        watch.answered(0, 502);
        watch.answered(0, 500);
        watch.answered(0, 504);
        assertThat(reports).isEmpty();
        watch.answered(0, 502);
        assertThat(reports).containsExactly("2 consecutive gateway errors, last 502");
    }

    @Test
    void report_beginsTheRowAnew() {
        OutlierWatch watch = watch(none().consecutive5xx(2));
        for (int i = 0; i < 6; i++) {
            watch.answered(0, 500);
        }
        assertThat(reports).hasSize(3);
    }

    @Test
    void clear_forgetsTheRow() {
        OutlierWatch watch = watch(none().consecutive5xx(2));
        watch.answered(0, 500);
        watch.clear();
        watch.answered(0, 500);
        assertThat(reports).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(
            value = FailureCode.class,
            names = {
                "UPSTREAM_UNAVAILABLE",
                "UPSTREAM_QUEUE_FULL",
                "UPSTREAM_QUEUE_TIMEOUT",
                "CLIENT_GONE",
                "CLIENT_BODY_TIMEOUT",
                "INTERNAL_ERROR",
                "PROXY_STOPPING"
            })
    void whatIsNotTheTargetsDoing_doesNotCount(FailureCode code) {
        OutlierWatch watch = watch(none().consecutiveLocalOriginFailures(1).consecutive5xx(1));
        watch.failed(0, code);
        assertThat(reports).isEmpty();
    }

    @Test
    void failuresOnSeveralThreads_areReportedOnceForSoMany() throws InterruptedException {
        int each = 20_000;
        AtomicInteger reported = new AtomicInteger();
        OutlierWatch watch =
                new OutlierWatch(none().consecutive5xx(100).build(), 4, reason -> reported.incrementAndGet());
        List<Thread> threads = new ArrayList<>();
        CountDownLatch begin = new CountDownLatch(1);
        for (int loop = 0; loop < 4; loop++) {
            int own = loop;
            Thread thread = new Thread(() -> {
                try {
                    begin.await();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
                for (int i = 0; i < each; i++) {
                    watch.answered(own, 500);
                }
            });
            thread.start();
            threads.add(thread);
        }
        begin.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(reported).hasValue(4 * each / 100);
    }

    // ---- rates

    @Test
    void rate_isWhatAllThreadsCountedSinceTheLastOne() {
        OutlierWatch watch = watch(none().failurePercentage(50));
        watch.answered(0, 200);
        watch.answered(1, 503);
        watch.failed(1, FailureCode.UPSTREAM_HEAD_TIMEOUT);
        assertThat(watch.takeRate()).isEqualTo(new Rate(3, 2));
        watch.answered(1, 200);
        assertThat(watch.takeRate()).isEqualTo(new Rate(1, 0));
        assertThat(watch.takeRate()).isEqualTo(new Rate(0, 0));
    }

    @Test
    void answerThatBreaksOff_isOneFailedRequest() {
        OutlierWatch watch = watch(none().failurePercentage(50));
        watch.answered(0, 200);
        watch.failed(0, FailureCode.UPSTREAM_BODY_FAILED);
        assertThat(watch.takeRate()).isEqualTo(new Rate(1, 1));
    }

    @Test
    void rates_areNotCountedWhereTheyDoNotMatter() {
        OutlierWatch watch = watch(none().consecutive5xx(3));
        watch.answered(0, 200);
        assertThat(watch.takeRate()).isEqualTo(new Rate(0, 0));
    }

    private static List<Rate> rates(int well, Rate... others) {
        List<Rate> rates = new ArrayList<>(Collections.nCopies(well, new Rate(1_000, 10)));
        rates.addAll(List.of(others));
        return rates;
    }

    @Test
    void successRateFarBelowItsPeers_isAnOutlier() {
        OutlierDetection config = none().successRateDeviation(1_900).build();
        List<String> reasons = OutlierRates.outliers(config, rates(9, new Rate(1_000, 400)));
        assertThat(reasons.subList(0, 9)).containsOnlyNulls();
        // Mean 95.1 %, deviation 11.7 points.
        assertThat(reasons.get(9))
                .isEqualTo(
                        "success rate 60.0 % of 1000 requests, below 72.9 % (mean - 1.9 standard deviations of its peers)");
    }

    @Test
    void equalSuccessRates_haveNoOutlier() {
        OutlierDetection config = none().successRateDeviation(1_900).build();
        assertThat(OutlierRates.outliers(config, rates(10))).containsOnlyNulls();
        assertThat(OutlierRates.outliers(config, Collections.nCopies(10, new Rate(1_000, 1_000))))
                .containsOnlyNulls();
    }

    @Test
    void tooFewTargetsOrRequests_areNotCompared() {
        OutlierDetection config = none().successRateDeviation(100).build();
        assertThat(OutlierRates.outliers(config, rates(3, new Rate(1_000, 1_000))))
                .containsOnlyNulls();
        assertThat(OutlierRates.outliers(config, rates(9, new Rate(99, 99)))).containsOnlyNulls();
        assertThat(OutlierRates.outliers(config, rates(4, new Rate(100, 100))).get(4))
                .isNotNull();
    }

    @Test
    void shareOfFailures_isAnOutlierFromItsLimitOn() {
        OutlierDetection config = none().failurePercentage(85).build();
        List<String> reasons =
                OutlierRates.outliers(config, rates(4, new Rate(100, 84), new Rate(100, 85), new Rate(49, 49)));
        assertThat(reasons.subList(0, 5)).containsOnlyNulls();
        assertThat(reasons.get(5)).isEqualTo("85 of 100 requests failed, 85 % or more");
        assertThat(reasons.get(6)).isNull();
    }

    // ---- ejections

    @Test
    void ejections_growWithEachInARowUpToTheLongest() {
        ManualClock clock = new ManualClock(Long.MAX_VALUE - 10);
        Ejections ejections = new Ejections(OutlierDetection.builder()
                .baseEjectionTime(Duration.ofSeconds(30))
                .maxEjectionTime(Duration.ofSeconds(100))
                .build());
        List<Duration> times = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            times.add(Duration.ofNanos(ejections.eject(clock.nanoTime())));
            assertThat(ejections.isEjected()).isTrue();
            clock.advance(Duration.ofSeconds(100));
            ejections.returned(clock.nanoTime());
            assertThat(ejections.isEjected()).isFalse();
            clock.advance(Duration.ofMillis(9_999));
        }
        assertThat(times).extracting(Duration::toSeconds).containsExactly(30L, 60L, 90L, 100L, 100L);
    }

    @Test
    void eachHealthyInterval_makesTheNextEjectionShorter() {
        ManualClock clock = new ManualClock();
        Ejections ejections = new Ejections(OutlierDetection.ofDefaults());
        for (int i = 0; i < 4; i++) {
            ejections.eject(clock.nanoTime());
            ejections.returned(clock.nanoTime());
        }
        clock.advance(Duration.ofSeconds(20));
        assertThat(Duration.ofNanos(ejections.eject(clock.nanoTime())).toSeconds())
                .isEqualTo(90);
        ejections.returned(clock.nanoTime());
        clock.advance(Duration.ofDays(1));
        assertThat(Duration.ofNanos(ejections.eject(clock.nanoTime())).toSeconds())
                .isEqualTo(30);
    }

    @Test
    void veryLongEjections_doNotOverflow() {
        Duration century = Duration.ofDays(36_500);
        Ejections ejections = new Ejections(OutlierDetection.builder()
                .baseEjectionTime(century)
                .maxEjectionTime(century)
                .build());
        ejections.eject(0);
        assertThat(ejections.eject(0)).isEqualTo(century.toNanos());
    }

    @Test
    void ejections_leaveEnoughTargets() {
        OutlierDetection half = OutlierDetection.ofDefaults();
        OutlierDetection fewest = none().maxEjectionPercent(0).build();
        OutlierDetection all = none().maxEjectionPercent(100).build();
        assertThat(Ejections.allowed(half, 0, 1, 0)).as("the only one").isFalse();
        assertThat(Ejections.allowed(half, 0, 2, 1)).isTrue();
        assertThat(Ejections.allowed(half, 1, 2, 0)).isFalse();
        assertThat(Ejections.allowed(half, 1, 5, 3)).isTrue();
        assertThat(Ejections.allowed(half, 2, 5, 2)).isFalse();
        assertThat(Ejections.allowed(fewest, 0, 10, 9)).as("always one").isTrue();
        assertThat(Ejections.allowed(fewest, 1, 10, 8)).isFalse();
        assertThat(Ejections.allowed(all, 8, 10, 1)).isTrue();
        assertThat(Ejections.allowed(all, 9, 10, 0)).as("the last one").isFalse();
    }

    // ---- slow start

    @Test
    void slowStart_beginsWithATenthAndGrowsEvenly() {
        assertThat(SlowStart.share(0, 1_000)).isEqualTo(0.1);
        assertThat(SlowStart.share(100, 1_000)).isEqualTo(0.1);
        assertThat(SlowStart.share(500, 1_000)).isEqualTo(0.5);
        assertThat(SlowStart.share(999, 1_000)).isLessThan(1);
        assertThat(SlowStart.share(1_000, 1_000)).isEqualTo(1);
        assertThat(SlowStart.share(5_000, 1_000)).isEqualTo(1);
    }
}
