package io.fairlead.proxy.internal.health;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.health.OutlierDetection;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Watches what becomes of the requests to one target, told by all I/O threads.
 *
 * <p><b>In a row.</b> The three counters share one long, {@code streaks}: while all goes well it is 0, and a good answer costs one
 * read of it. Only failures, and the first good answer after one, change it, with a compare-and-set. When a counter
 * comes to its limit, all begin anew and whoever changed it reports, so that there is one report for so many failures.
 *
 * <p><b>Rates.</b> If they matter, each I/O thread counts for itself, in a cell that it alone writes. The home loop of the pool adds
 * the cells up; a number that comes a moment late is counted in the next interval.
 */
public final class OutlierWatch {

    private static final int BITS = 16;
    private static final long MASK = (1L << BITS) - 1;
    private static final int LOCAL = 0;
    private static final int GATEWAY = BITS;
    private static final int SERVER = 2 * BITS;

    private static final VarHandle STREAKS;
    private static final VarHandle ALL;
    private static final VarHandle FAILED;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            STREAKS = lookup.findVarHandle(OutlierWatch.class, "streaks", long.class);
            ALL = lookup.findVarHandle(Cell.class, "all", long.class);
            FAILED = lookup.findVarHandle(Cell.class, "failed", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /**
     * What came of the requests of an interval.
     *
     * @param requests in all
     * @param failed those with a 5xx answer that counts, or none
     */
    public record Rate(long requests, long failed) {
        double successPercent() {
            return 100.0 * (requests - failed) / requests;
        }
    }

    /** Written by one thread; its neighbours on the heap are kept off its cache line. */
    @SuppressWarnings("UnusedVariable")
    private static final class Cell {
        long p1;
        long p2;
        long p3;
        long p4;
        long p5;
        long p6;
        long p7;
        long all;
        long failed;
        long p8;
        long p9;
        long p10;
        long p11;
        long p12;
        long p13;
        long p14;
    }

    private final Consumer<String> reports;
    private final int loopCount;

    private volatile OutlierDetection config;
    private volatile Cell @Nullable [] cells;

    @SuppressWarnings("UnusedVariable") // by its handle
    private volatile long streaks;

    /** What the cells held when the rate was taken last; the home loop's. */
    private long lastAll;

    private long lastFailed;

    /**
     * Begins with nothing known.
     *
     * @param reports takes why the target is an outlier, on the thread that saw the last failure
     */
    public OutlierWatch(OutlierDetection config, int loopCount, Consumer<String> reports) {
        this.config = config;
        this.loopCount = loopCount;
        this.reports = reports;
        configure(config);
    }

    /** Other limits hold from now on. */
    public void configure(OutlierDetection changed) {
        config = changed;
        if (!watchesRates(changed)) {
            cells = null;
        } else if (cells == null) {
            Cell[] fresh = new Cell[loopCount];
            for (int i = 0; i < loopCount; i++) {
                fresh[i] = new Cell();
            }
            lastAll = 0;
            lastFailed = 0;
            cells = fresh;
        }
        clear();
    }

    /** Whether shares of requests matter, and not only failures in a row. */
    public static boolean watchesRates(OutlierDetection config) {
        return config.successRateDeviation() > 0 || config.failurePercentage() > 0;
    }

    /** Nothing is held against the target any more that came in a row. */
    public void clear() {
        streaks = 0;
    }

    // ---- the path

    /** The head of an answer came. */
    public void answered(int loop, int status) {
        if (isFailure(status)) {
            count(loop, true);
            boolean gateway = status >= 502 && status <= 504;
            bad(false, gateway, null, status);
        } else {
            if ((long) STREAKS.getOpaque(this) != 0) {
                streaks = 0;
            }
            count(loop, false);
        }
    }

    /** No answer came, or not all of it, through the doing of the target or of the way to it. */
    public void failed(int loop, FailureCode code) {
        if (isTargets(code)) {
            if (code.phase() == FailureCode.Phase.RESPONSE_BODY) {
                // It was counted as a good answer when its head came.
                countFailed(loop);
            } else {
                count(loop, true);
            }
            bad(true, true, code, 0);
        }
    }

    /**
     * Whether a status says that the target is ill. Not 501 and 505, which a client can bring about with a method or version
     * of its choice, and so have the target taken from all others.
     */
    public static boolean isFailure(int status) {
        return status >= 500 && status != 501 && status != 505;
    }

    /** Whether a failure says something of the target. What the proxy's own limits and queues refuse does not. */
    public static boolean isTargets(FailureCode code) {
        return switch (code) {
            case UPSTREAM_NAME_NOT_RESOLVED,
                    UPSTREAM_CONNECT_FAILED,
                    UPSTREAM_CONNECT_TIMEOUT,
                    UPSTREAM_SEND_FAILED,
                    UPSTREAM_SEND_TIMEOUT,
                    UPSTREAM_CLOSED,
                    UPSTREAM_HEAD_TIMEOUT,
                    UPSTREAM_ATTEMPT_TIMEOUT,
                    UPSTREAM_MALFORMED_RESPONSE,
                    UPSTREAM_HEADERS_TOO_LARGE,
                    UPSTREAM_UNEXPECTED_UPGRADE,
                    UPSTREAM_BODY_FAILED,
                    UPSTREAM_BODY_TIMEOUT,
                    TOTAL_TIMEOUT -> true;
            default -> false;
        };
    }

    private void count(int loop, boolean failed) {
        Cell[] own = cells;
        if (own == null) {
            return;
        }
        Cell cell = own[loop];
        // Opaque: the home loop sees it some day, and it costs what a plain write costs.
        ALL.setOpaque(cell, cell.all + 1);
        if (failed) {
            FAILED.setOpaque(cell, cell.failed + 1);
        }
    }

    private void countFailed(int loop) {
        Cell[] own = cells;
        if (own != null) {
            FAILED.setOpaque(own[loop], own[loop].failed + 1);
        }
    }

    private void bad(boolean local, boolean gateway, @Nullable FailureCode code, int status) {
        OutlierDetection limits = config;
        while (true) {
            long before = streaks;
            int locals = local ? next(before, LOCAL, limits.consecutiveLocalOriginFailures()) : 0;
            int gateways = gateway ? next(before, GATEWAY, limits.consecutiveGatewayErrors()) : 0;
            int servers = next(before, SERVER, limits.consecutive5xx());
            boolean byLocal = reached(locals, limits.consecutiveLocalOriginFailures());
            boolean byGateway = reached(gateways, limits.consecutiveGatewayErrors());
            boolean byServer = reached(servers, limits.consecutive5xx());
            boolean report = byLocal || byGateway || byServer;
            long after = report ? 0 : (long) locals << LOCAL | (long) gateways << GATEWAY | (long) servers << SERVER;
            if (STREAKS.compareAndSet(this, before, after)) {
                if (report) {
                    String last = ", last " + (code == null ? String.valueOf(status) : code.name());
                    reports.accept(
                            byLocal
                                    ? locals + " consecutive failures without an answer" + last
                                    : byGateway
                                            ? gateways + " consecutive gateway errors" + last
                                            : servers + " consecutive 5xx" + last);
                }
                return;
            }
        }
    }

    /** A counter that does not matter stays 0, so that a good answer finds nothing to clear. */
    private static int next(long streaks, int shift, int limit) {
        return limit == 0 ? 0 : (int) (streaks >>> shift & MASK) + 1;
    }

    private static boolean reached(int count, int limit) {
        return limit > 0 && count >= limit;
    }

    // ---- the home loop

    /** What came since it was asked last. */
    public Rate takeRate() {
        Cell[] all = cells;
        long requests = 0;
        long failed = 0;
        if (all != null) {
            for (Cell cell : all) {
                // In this order: what is counted meanwhile is not more failures than requests.
                failed += (long) FAILED.getOpaque(cell);
                requests += (long) ALL.getOpaque(cell);
            }
        }
        Rate rate = new Rate(requests - lastAll, Math.min(failed - lastFailed, requests - lastAll));
        lastAll = requests;
        lastFailed = failed;
        return rate;
    }
}
