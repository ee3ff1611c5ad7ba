package io.fairlead.proxy.internal.upstream;

import io.fairlead.proxy.health.HealthCheck;
import io.fairlead.proxy.health.OutlierDetection;
import io.fairlead.proxy.health.OutlierDetection.EarlyReturn;
import io.fairlead.proxy.internal.engine.client.Probe;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.health.CheckState;
import io.fairlead.proxy.internal.health.CheckState.Change;
import io.fairlead.proxy.internal.health.CheckState.Verdict;
import io.fairlead.proxy.internal.health.Ejections;
import io.fairlead.proxy.internal.health.OutlierRates;
import io.fairlead.proxy.internal.health.OutlierWatch;
import io.fairlead.proxy.internal.health.OutlierWatch.Rate;
import io.fairlead.proxy.internal.health.SlowStart;
import io.fairlead.proxy.internal.time.TimerWheel;
import io.fairlead.proxy.internal.tls.ClientTls;
import io.fairlead.proxy.observe.TargetEvent;
import io.fairlead.proxy.observe.TargetEvent.What;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Decides which targets of a pool can be trusted with requests, and for which share of them. It lives on the pool's home loop
 * and is touched by no other thread; what other threads see comes in as a task.
 *
 * <ul>
 *   <li><b>Checks</b>: each target has a timer; when it fires, a {@link Probe} asks, and {@link CheckState} judges.
 *   <li><b>Outliers</b>: the path tells each target's {@link OutlierWatch}, which reports; where rates matter, a timer of the pool
 *       compares them. An ejection has a timer that ends it.
 *   <li><b>Both</b> take a target out of use, each for its own reason, and it is back when none is left. A target that comes back
 *       starts slowly: a timer of the pool moves its weight in steps.
 * </ul>
 */
final class PoolHealth {

    /** The first checks are over soon, also where the interval is long. */
    private static final long FIRST_CHECKS_NANOS = 1_000_000_000L;

    private final RunningPool pool;
    private final IoLoop home;
    private final TargetEvents events;
    private final DoubleSupplier random;
    private final Map<PoolTarget, Watched> watched = new LinkedHashMap<>();
    private final RatesTimer rates = new RatesTimer();
    private final SlowStartTimer slowStart = new SlowStartTimer();

    private UpstreamPool config;

    /** Of HTTPS checks: made once for all targets, and anew only for other settings. */
    private @Nullable ClientTls tls;

    private boolean begun;
    private boolean closed;

    PoolHealth(RunningPool pool, IoLoop home, TargetEvents events, DoubleSupplier random) {
        this.pool = pool;
        this.config = pool.config();
        this.home = home;
        this.events = events;
        this.random = random;
    }

    /** What is known of one target. Its timer is that of the next check. */
    private final class Watched extends TimerWheel.Timer {
        private final PoolTarget target;
        private final Ejections ejections;
        private final ReturnTimer returns;
        private final long newSince;
        /** What its watch was told last. */
        private @Nullable OutlierDetection detection;

        private @Nullable CheckState checks;
        private byte[] head = new byte[0];
        private @Nullable Probe probe;
        private int checksBegun;
        private boolean slow;
        private long slowSince;
        private boolean withheld;
        private long withheldAt;

        Watched(PoolTarget target, long now) {
            this.target = target;
            this.newSince = now;
            this.ejections = new Ejections(config.outlierDetection());
            this.returns = new ReturnTimer(this);
        }

        @Override
        protected void fire(long now) {
            check(this);
        }
    }

    /** Ends an ejection. */
    private final class ReturnTimer extends TimerWheel.Timer {
        private final Watched of;

        ReturnTimer(Watched of) {
            this.of = of;
        }

        @Override
        protected void fire(long now) {
            giveBack(of, "its time is over");
        }
    }

    // ---- the settings

    /** Takes the settings and targets that the pool has now. */
    void configure() {
        if (closed) {
            return;
        }
        Duration intervalBefore = config.outlierDetection().interval();
        // Read here and not handed over: the task of a former update may come after that of a later one.
        config = pool.config();
        HealthCheck check = config.healthCheck().orElse(null);
        if (check == null || check.protocol() != HealthCheck.Protocol.HTTPS) {
            tls = null;
        } else if (tls == null || !tls.settings().equals(check.tls())) {
            tls = new ClientTls(check.tls());
        }
        List<PoolTarget> targets = pool.targets();
        long now = home.now();
        // Pools of many thousand targets are found by sources: nothing here may look at all of them for each.
        Set<PoolTarget> present = new HashSet<>(targets);
        for (Watched one : List.copyOf(watched.values())) {
            if (!present.contains(one.target)) {
                forget(one);
                tell(one, What.REMOVED, "the configuration does not have it any more");
            }
        }
        int place = 0;
        List<Watched> starting = new ArrayList<>();
        for (PoolTarget target : targets) {
            Watched one = watched.get(target);
            if (one == null) {
                one = new Watched(target, now);
                watched.put(target, one);
                if (begun) {
                    tell(one, What.ADDED, "the configuration has it");
                    if (!config.slowStart().isZero()) {
                        beginSlowly(one);
                        starting.add(one);
                    }
                }
            }
            configureChecks(one, place++, targets.size(), now);
            configureOutliers(one);
        }
        begun = true;
        pool.clearStaleChecks();
        if (!starting.isEmpty()) {
            pool.reweigh();
            starting.forEach(one -> tell(one, What.SLOW_START_BEGAN, "it was added"));
        }
        if (OutlierWatch.watchesRates(config.outlierDetection())) {
            Duration interval = config.outlierDetection().interval();
            // Not put off by each update: they may come more often than it fires.
            if (!rates.isScheduled() || !interval.equals(intervalBefore)) {
                home.schedule(rates, now + interval.toNanos());
            }
        } else {
            home.remove(rates);
        }
        if (config.slowStart().isZero()) {
            List<Watched> slow =
                    watched.values().stream().filter(one -> one.slow).toList();
            slow.forEach(PoolHealth::haveWholeWeight);
            if (!slow.isEmpty()) {
                pool.reweigh();
            }
        }
    }

    private void configureChecks(Watched one, int place, int places, long now) {
        HealthCheck check = config.healthCheck().orElse(null);
        CheckState known = one.checks;
        if (check == null) {
            if (known != null) {
                stopChecks(one);
            }
            return;
        }
        if (known != null && known.config().equals(check)) {
            return;
        }
        if (known == null) {
            // One that was used without checks is not taken out of use by their beginning; the pool has marked new
            // ones.
            known = new CheckState(check, one.newSince, !one.target.is(Unusable.CHECK_FAILED));
            one.checks = known;
            one.checksBegun = 0;
            // Not all at once: the first ones within a moment, the later ones over the interval.
            long within = Math.min(FIRST_CHECKS_NANOS, check.interval().toNanos());
            home.schedule(one, now + within / places * place);
        } else {
            known.configure(check);
            // What it sees was not asked for by these settings.
            cancelProbe(one);
            home.schedule(one, now + known.intervalNanos(random.getAsDouble()) / places * place);
        }
        one.head = Probe.head(check, URI.create(one.target.target().url()).getRawAuthority());
        pool.mark(one.target, Unusable.CHECK_FAILED, !known.isUsable(), RunningPool.NOT_CHECKED);
    }

    private void configureOutliers(Watched one) {
        OutlierDetection detection = config.outlierDetection();
        if (!Objects.equals(detection, one.detection)) {
            // Else an update of something else would forget what was seen in a row.
            one.detection = detection;
            one.target.watch().configure(detection);
        }
        one.ejections.configure(detection);
        if (one.ejections.isEjected() && detection.equals(OutlierDetection.off())) {
            giveBack(one, "outlier detection is off");
        }
    }

    private void stopChecks(Watched one) {
        one.checks = null;
        home.remove(one);
        cancelProbe(one);
    }

    private static void cancelProbe(Watched one) {
        Probe running = one.probe;
        if (running != null) {
            one.probe = null;
            running.cancel();
        }
    }

    private void forget(Watched one) {
        watched.remove(one.target);
        stopChecks(one);
        home.remove(one.returns);
    }

    void close() {
        closed = true;
        List.copyOf(watched.values()).forEach(this::forget);
        home.remove(rates);
        home.remove(slowStart);
    }

    /** Timers in the home loop's wheel. */
    int timers() {
        int count = count(rates) + count(slowStart);
        for (Watched one : watched.values()) {
            Probe running = one.probe;
            count += count(one) + count(one.returns) + (running != null && running.isOpen() ? 1 : 0);
        }
        return count;
    }

    private static int count(TimerWheel.Timer timer) {
        return timer.isScheduled() ? 1 : 0;
    }

    // ---- checks

    private void check(Watched one) {
        CheckState checks = one.checks;
        if (checks == null) {
            return;
        }
        // It has told its verdict, and reads the rest of an answer.
        cancelProbe(one);
        long begin = home.now();
        one.checksBegun++;
        Probe probe = new Probe(
                home,
                one.target.client(),
                checks.config(),
                one.head,
                tls,
                (passed, seen) -> checked(one, begin, passed, seen));
        one.probe = probe;
        probe.start();
    }

    private void checked(Watched one, long begin, boolean passed, String seen) {
        CheckState checks = one.checks;
        if (closed || checks == null) {
            return;
        }
        long now = home.now();
        Change change = passed ? checks.passed(now, seen) : checks.failed(now, seen);
        boolean recovered = change != null && change.to() == Verdict.HEALTHY && change.from() == Verdict.UNHEALTHY;
        if (change != null) {
            if (change.to() == Verdict.HEALTHY) {
                healthy(one, change, recovered);
            } else {
                endSlowStart(one);
                pool.mark(one.target, Unusable.CHECK_FAILED, true, change.reason());
                tell(one, What.UNHEALTHY, change.reason());
            }
        }
        EarlyReturn early = config.outlierDetection().earlyReturn();
        boolean returns =
                early == EarlyReturn.ON_PASSING_CHECK ? passed : early == EarlyReturn.ON_RECOVERY && recovered;
        if (returns && one.ejections.isEjected()) {
            giveBack(one, recovered ? "the check finds it healthy again" : "a check passed: " + seen);
        }
        long interval = checks.intervalNanos(random.getAsDouble());
        if (one.checksBegun == 1 && !checks.isInTransition()) {
            // From the moment of the first ones to all over the interval.
            interval = (long) (interval * (0.5 + random.getAsDouble()));
        }
        home.schedule(one, begin + interval);
    }

    private void healthy(Watched one, Change change, boolean recovered) {
        if (recovered) {
            one.target.watch().clear();
        }
        boolean slowly = recovered && startsSlowly(one, Unusable.CHECK_FAILED);
        if (slowly) {
            beginSlowly(one);
        }
        pool.mark(one.target, Unusable.CHECK_FAILED, false, "");
        tell(one, What.HEALTHY, change.reason());
        if (slowly) {
            tell(one, What.SLOW_START_BEGAN, "it is healthy again");
        }
    }

    // ---- outliers

    /** The path, or the timer, finds that a target fails. */
    void outlier(PoolTarget target, String reason) {
        Watched one = watched.get(target);
        if (closed || one == null || one.ejections.isEjected() || target.isDraining()) {
            return;
        }
        OutlierDetection detection = config.outlierDetection();
        int ejected = 0;
        int all = 0;
        int usableBeside = 0;
        for (Watched other : watched.values()) {
            if (!other.target.isDraining()) {
                all++;
                ejected += other.ejections.isEjected() ? 1 : 0;
                usableBeside += other != one && other.target.isUsable() ? 1 : 0;
            }
        }
        long now = home.now();
        if (!Ejections.allowed(detection, ejected, all, usableBeside)) {
            withhold(
                    one,
                    now,
                    reason,
                    usableBeside == 0 ? "no other is usable" : ejected + " of " + all + " are ejected");
            return;
        }
        long time = one.ejections.eject(now);
        one.withheld = false;
        String forSoLong = reason + "; ejected for " + millis(time) + ", " + one.ejections.inARow() + " in a row";
        endSlowStart(one);
        home.schedule(one.returns, one.ejections.until());
        pool.mark(target, Unusable.EJECTED, true, forSoLong);
        tell(one, What.EJECTED, forSoLong);
    }

    /** Once an interval is enough: all requests to a pool that is gone may come to this. */
    private void withhold(Watched one, long now, String reason, String why) {
        if (one.withheld
                && now - one.withheldAt < config.outlierDetection().interval().toNanos()) {
            return;
        }
        one.withheld = true;
        one.withheldAt = now;
        tell(one, What.EJECTION_WITHHELD, reason + "; not ejected, as " + why);
    }

    private void giveBack(Watched one, String why) {
        long now = home.now();
        home.remove(one.returns);
        one.ejections.returned(now);
        one.target.watch().clear();
        boolean slowly = startsSlowly(one, Unusable.EJECTED);
        if (slowly) {
            beginSlowly(one);
        }
        pool.mark(one.target, Unusable.EJECTED, false, "");
        tell(one, What.RETURNED, why);
        if (slowly) {
            tell(one, What.SLOW_START_BEGAN, "its ejection is over");
        }
    }

    /** Compares the rates of an interval. */
    private final class RatesTimer extends TimerWheel.Timer {
        @Override
        protected void fire(long now) {
            OutlierDetection detection = config.outlierDetection();
            List<Watched> compared = new ArrayList<>();
            List<Rate> all = new ArrayList<>();
            for (Watched one : watched.values()) {
                Rate rate = one.target.watch().takeRate();
                if (!one.ejections.isEjected()) {
                    compared.add(one);
                    all.add(rate);
                }
            }
            List<@Nullable String> reasons = OutlierRates.outliers(detection, all);
            for (int i = 0; i < compared.size(); i++) {
                String reason = reasons.get(i);
                if (reason != null) {
                    outlier(compared.get(i).target, reason);
                }
            }
            home.schedule(this, now + detection.interval().toNanos());
        }
    }

    // ---- slow start

    /** Whether a target starts slowly once the last obstacle, which this is, has gone. */
    private boolean startsSlowly(Watched one, Unusable last) {
        return !config.slowStart().isZero() && one.target.isOnly(last);
    }

    private void beginSlowly(Watched one) {
        one.slow = true;
        one.slowSince = home.now();
        one.target.share(SlowStart.share(0, config.slowStart().toNanos()));
        if (!slowStart.isScheduled()) {
            home.schedule(
                    slowStart,
                    one.slowSince + SlowStart.stepNanos(config.slowStart().toNanos()));
        }
    }

    /** It is not used any more, or has its whole weight. The caller has the list made anew. */
    private void endSlowStart(Watched one) {
        if (one.slow) {
            haveWholeWeight(one);
            pool.reweigh();
        }
    }

    private static void haveWholeWeight(Watched one) {
        one.slow = false;
        one.target.share(1);
    }

    /** Moves the weights of those that start slowly. */
    private final class SlowStartTimer extends TimerWheel.Timer {
        @Override
        protected void fire(long now) {
            long window = config.slowStart().toNanos();
            List<Watched> done = new ArrayList<>();
            boolean more = false;
            for (Watched one : watched.values()) {
                if (one.slow) {
                    double share = SlowStart.share(now - one.slowSince, window);
                    one.target.share(share);
                    if (share < 1) {
                        more = true;
                    } else {
                        one.slow = false;
                        done.add(one);
                    }
                }
            }
            pool.reweigh();
            if (more) {
                home.schedule(this, now + SlowStart.stepNanos(window));
            }
            done.forEach(one -> tell(one, What.SLOW_START_ENDED, "after " + millis(window)));
        }
    }

    // ---- events

    private static String millis(long nanos) {
        return Duration.ofNanos(nanos).toMillis() + " ms";
    }

    private void tell(Watched one, What what, String reason) {
        tell(one.target.target().url(), what, reason);
    }

    /** @param target the URL; empty for the pool as a whole */
    void tell(String target, What what, String reason) {
        events.tell(new TargetEvent(home.wallTime(home.now()), config.name(), target, what, reason));
    }
}
