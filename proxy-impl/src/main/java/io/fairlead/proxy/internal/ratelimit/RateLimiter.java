package io.fairlead.proxy.internal.ratelimit;

import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.internal.middleware.BuiltIn;
import io.fairlead.proxy.internal.middleware.Verdict;
import io.fairlead.proxy.internal.net.CidrSet;
import io.fairlead.proxy.ratelimit.MissingKey;
import io.fairlead.proxy.ratelimit.RateLimit;
import io.fairlead.proxy.ratelimit.RateLimitCounts;
import io.fairlead.proxy.ratelimit.RateLimitDecision;
import io.fairlead.proxy.ratelimit.RateLimitFields;
import io.fairlead.proxy.ratelimit.RateLimitStore;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A rate limit at work.
 *
 * <ol>
 *   <li>{@link #onRequest}: who is exempt passes; else the key is read, and the store asked;
 *   <li>{@link #decided}: the request passes, is refused, or would be in a dry run;
 *   <li>{@link #onResponse}: the response tells how the limits stand, if it is to.
 * </ol>
 */
public final class RateLimiter extends BuiltIn {

    private static final Logger LOG = LoggerFactory.getLogger(RateLimiter.class);

    private static final long QUIET_NANOS = 10_000_000_000L;

    /** The key where all requests are counted together. */
    private static final Object ALL = "";

    private final String name;
    private final RateLimit config;
    private final RateLimitStore.Counters counters;
    private final KeyReader keys;
    private final @Nullable CidrSet exemptNetworks;
    private final LimitFields fields;
    private final boolean telling;
    private final String attribute;

    /** Threads may race for it, which costs a line of the log. */
    private volatile long quietUntil = System.nanoTime();

    // Striped over threads, so that counting shares no cache line on the path.
    private final LongAdder permitted = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private final LongAdder exempt = new LongAdder();
    private final LongAdder missingKey = new LongAdder();
    private final LongAdder failed = new LongAdder();

    public RateLimiter(String name, RateLimit config, RateLimitStore store) {
        this.name = name;
        this.config = config;
        this.counters = store.open(name, config);
        this.keys = new KeyReader(config.keys());
        this.exemptNetworks = config.exempt().isEmpty() ? null : CidrSet.parse(config.exempt());
        this.fields = new LimitFields(config.limits());
        this.telling = config.fields() == RateLimitFields.ALWAYS && !config.dryRun();
        this.attribute = "fairlead.rateLimit." + name;
    }

    /** What it has decided until now. */
    public RateLimitCounts counts() {
        return new RateLimitCounts(
                name,
                config,
                permitted.sum(),
                refused.sum(),
                exempt.sum(),
                missingKey.sum(),
                failed.sum(),
                counters.keys());
    }

    // ---- 1. the request

    @Override
    public @Nullable Verdict onRequest(Exchange exchange) {
        CidrSet networks = exemptNetworks;
        if (networks != null && networks.contains(exchange.client().getAddress())) {
            exempt.increment();
            return null;
        }
        Object key = config.keys().isEmpty() ? ALL : keys.read(exchange);
        if (key == null) {
            missingKey.increment();
            // A second value must not buy off the limit: the upstream may go by the first.
            if (config.missingKey() == MissingKey.ALLOW && !keys.givenSeveralTimes(exchange)) {
                return null;
            }
            if (config.missingKey() == MissingKey.DENY) {
                return keyless();
            }
            key = keys.readShared(exchange);
        }
        try {
            RateLimitDecision decision = counters.take(key, telling);
            if (decision == null) {
                return storeFailed("no decision");
            }
            CompletionStage<RateLimitDecision> later = decision.later().orElse(null);
            return later == null
                    ? decided(exchange, decision)
                    : new Verdict.Later(later.handle((made, problem) -> decidedLater(exchange, made, problem)));
        } catch (VirtualMachineError e) {
            throw e;
        } catch (Throwable e) {
            // Code of others, and a library that is missing shows itself only here.
            return storeFailed(e);
        }
    }

    private @Nullable Verdict decidedLater(
            Exchange exchange, @Nullable RateLimitDecision made, @Nullable Throwable problem) {
        if (problem != null || made == null) {
            return storeFailed(problem == null ? "no decision" : problem);
        }
        if (made.later().isPresent()) {
            return storeFailed("a decision that is put off again");
        }
        return decided(exchange, made);
    }

    private @Nullable Verdict keyless() {
        refused.increment();
        return config.dryRun()
                ? null
                : new Verdict.Refusal(FailureCode.RATE_LIMITED, "rate limit " + name + ": no key", Headers.create());
    }

    /** A limit that cannot be told must not become an outage. */
    private @Nullable Verdict storeFailed(Object problem) {
        failed.increment();
        long now = System.nanoTime();
        // Each request comes here while a store is away, and the log would hold nothing else.
        if (now - quietUntil >= 0) {
            quietUntil = now + QUIET_NANOS;
            LOG.warn(
                    "the store of rate limit {} failed, the request passes, {} until now: {}",
                    name,
                    failed.sum(),
                    problem.toString());
        }
        return null;
    }

    // ---- 2. the decision

    private @Nullable Verdict decided(Exchange exchange, RateLimitDecision decision) {
        if (decision.permitted()) {
            permitted.increment();
            // Nobody adds fields to an answer without a route, nor waits for a decision that comes later.
            if (telling && exchange.routeId().isPresent()) {
                exchange.attribute(attribute, decision);
            }
            return null;
        }
        refused.increment();
        if (config.dryRun()) {
            return null;
        }
        Headers told = Headers.create();
        told.set("Retry-After", String.valueOf(fields.retryAfterSeconds(decision)));
        if (config.fields() != RateLimitFields.NEVER) {
            fields.add(told, decision);
        }
        return new Verdict.Refusal(
                FailureCode.RATE_LIMITED, "rate limit " + name + ": " + fields.exceeded(decision), told);
    }

    // ---- 3. the response

    @Override
    public boolean editsResponses() {
        return telling;
    }

    @Override
    public void onResponse(Exchange exchange, int status, Headers head) {
        if (exchange.attribute(attribute).orElse(null) instanceof RateLimitDecision decision) {
            fields.add(head, decision);
        }
    }
}
