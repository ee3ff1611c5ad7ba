package io.fairlead.proxy.internal.health;

import io.fairlead.proxy.health.HealthCheck;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What the checks of one target have come to. One thread.
 *
 * <ol>
 *   <li>Before the first verdict a target is unknown: the first pass makes it healthy, {@code fall} failures in a row make it
 *       unhealthy, and failures within the warm-up do not count.
 *   <li>A healthy one becomes unhealthy with {@code fall} failures in a row.
 *   <li>An unhealthy one becomes healthy with {@code rise} passes in a row, the last of them {@code minUnhealthy} after it became
 *       unhealthy or later.
 * </ol>
 */
public final class CheckState {

    /** What is known of the target. */
    public enum Verdict {
        /** No check has settled it. */
        UNKNOWN,
        /** It passes its checks. */
        HEALTHY,
        /** It does not. */
        UNHEALTHY
    }

    /**
     * Another verdict than before.
     *
     * @param from what it was
     * @param to what it is
     * @param reason what was seen
     */
    public record Change(Verdict from, Verdict to, String reason) {}

    private final long newSince;
    private final boolean trusted;
    private HealthCheck config;
    private Verdict verdict = Verdict.UNKNOWN;
    private long since;
    /** Checks in a row that speak against the verdict. */
    private int against;

    private boolean checked;

    /**
     * Nothing is known.
     *
     * @param now when the target was new
     * @param trusted whether it was used before, so that it is until the first verdict, whatever the settings say of new ones
     */
    public CheckState(HealthCheck config, long now, boolean trusted) {
        this.config = config;
        this.newSince = now;
        this.trusted = trusted;
        this.since = now;
    }

    /** Other settings hold from the next check on; what is known stays. */
    public void configure(HealthCheck changed) {
        config = changed;
    }

    public HealthCheck config() {
        return config;
    }

    public Verdict verdict() {
        return verdict;
    }

    /** Whether requests may go to the target, as far as its checks go. */
    public boolean isUsable() {
        return verdict == Verdict.HEALTHY || verdict == Verdict.UNKNOWN && (trusted || config.usableBeforeFirstCheck());
    }

    /**
     * A check has passed.
     *
     * @param seen what the target did: {@code status 200}
     * @return null if the verdict is as before
     */
    public @Nullable Change passed(long now, String seen) {
        checked = true;
        if (verdict == Verdict.HEALTHY) {
            against = 0;
            return null;
        }
        if (verdict == Verdict.UNKNOWN) {
            return change(Verdict.HEALTHY, now, "the first check passed: " + seen);
        }
        against++;
        if (against < config.rise() || now - since < config.minUnhealthy().toNanos()) {
            return null;
        }
        return change(Verdict.HEALTHY, now, inARow("passed") + seen);
    }

    /**
     * A check has failed.
     *
     * @param seen what the target did: {@code status 503 (expected 200-299)}
     * @return null if the verdict is as before
     */
    public @Nullable Change failed(long now, String seen) {
        checked = true;
        if (verdict == Verdict.UNHEALTHY) {
            against = 0;
            return null;
        }
        if (verdict == Verdict.UNKNOWN && now - newSince < config.warmUp().toNanos()) {
            return null;
        }
        against++;
        return against < config.fall() ? null : change(Verdict.UNHEALTHY, now, inARow("failed") + seen);
    }

    private String inARow(String what) {
        return against == 1 ? "a check " + what + ": " : against + " checks in a row " + what + ", the last: ";
    }

    private Change change(Verdict to, long now, String reason) {
        Change change = new Change(verdict, to, reason);
        verdict = to;
        since = now;
        against = 0;
        return change;
    }

    /** Whether the last check speaks against the verdict, or there is none though there was a check. */
    public boolean isInTransition() {
        return against > 0 || checked && verdict == Verdict.UNKNOWN;
    }

    /**
     * The time from the beginning of the last check to that of the next.
     *
     * @param random 0 to 1
     */
    public long intervalNanos(double random) {
        boolean unhealthy = verdict == Verdict.UNHEALTHY;
        Duration interval =
                unhealthy && !config.unhealthyInterval().isZero() ? config.unhealthyInterval() : config.interval();
        Duration transition = config.transitionInterval();
        if (isInTransition() && !transition.isZero() && transition.compareTo(interval) < 0) {
            interval = transition;
        }
        double spread = (2 * random - 1) * config.jitterPercent() / 100;
        return (long) (interval.toNanos() * (1 + spread));
    }
}
