package io.fairlead.proxy.internal.health;

import io.fairlead.proxy.health.OutlierDetection;
import io.fairlead.proxy.internal.health.OutlierWatch.Rate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Compares the success rates of an interval. */
public final class OutlierRates {

    private OutlierRates() {}

    /**
     * Finds the outliers.
     *
     * @param rates of the targets that are not ejected
     * @return for each of them why it is an outlier, or null
     */
    public static List<@Nullable String> outliers(OutlierDetection config, List<Rate> rates) {
        List<@Nullable String> reasons = new ArrayList<>();
        double least = leastSuccess(config, rates);
        boolean enough = count(rates, config.failurePercentageMinRequests()) >= config.failurePercentageMinTargets();
        for (Rate rate : rates) {
            String reason = null;
            if (rate.requests() >= config.successRateMinRequests() && rate.successPercent() < least) {
                reason = String.format(
                        Locale.ROOT,
                        "success rate %.1f %% of %d requests, below %.1f %% (mean - %.1f standard deviations of its peers)",
                        rate.successPercent(),
                        rate.requests(),
                        least,
                        config.successRateDeviation() / 1000.0);
            } else if (enough && isFailing(config, rate)) {
                reason = String.format(
                        Locale.ROOT,
                        "%d of %d requests failed, %d %% or more",
                        rate.failed(),
                        rate.requests(),
                        config.failurePercentage());
            }
            reasons.add(reason);
        }
        return reasons;
    }

    private static boolean isFailing(OutlierDetection config, Rate rate) {
        return config.failurePercentage() > 0
                && rate.requests() >= config.failurePercentageMinRequests()
                && rate.failed() * 100 >= rate.requests() * config.failurePercentage();
    }

    private static long count(List<Rate> rates, int minRequests) {
        return rates.stream().filter(rate -> rate.requests() >= minRequests).count();
    }

    /** What a target must have of successes, in percent; minus infinity if they are not compared. */
    private static double leastSuccess(OutlierDetection config, List<Rate> rates) {
        double[] compared = rates.stream()
                .filter(rate -> rate.requests() >= config.successRateMinRequests())
                .mapToDouble(Rate::successPercent)
                .toArray();
        if (config.successRateDeviation() == 0 || compared.length < config.successRateMinTargets()) {
            return Double.NEGATIVE_INFINITY;
        }
        double mean = 0;
        for (double one : compared) {
            mean += one / compared.length;
        }
        double variance = 0;
        for (double one : compared) {
            variance += (one - mean) * (one - mean) / compared.length;
        }
        return mean - config.successRateDeviation() / 1000.0 * Math.sqrt(variance);
    }
}
