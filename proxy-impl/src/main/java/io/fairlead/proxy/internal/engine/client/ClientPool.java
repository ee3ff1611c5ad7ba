package io.fairlead.proxy.internal.engine.client;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.net.NameResolver;
import io.fairlead.proxy.upstream.Target;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running upstream pool: its targets, and for each I/O thread its own connections to them. Lives as long as the
 * configuration has an equal pool, also across updates.
 */
public final class ClientPool implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ClientPool.class);

    private final UpstreamPool config;
    private final List<TargetState> targets = new ArrayList<>();
    private final List<AutoCloseable> watches = new ArrayList<>();

    /** For each I/O thread, written and read by that thread only. */
    private final @Nullable Shard[] shards;

    private volatile boolean closed;

    /** What one thread has of the pool. */
    private static final class Shard {
        private final LoopTarget[] targets;
        private int next;

        Shard(LoopTarget[] targets, int first) {
            this.targets = targets;
            this.next = first;
        }
    }

    /** What is under way for an exchange that has no connection yet. */
    public interface Pending {
        /** The exchange is over. */
        void cancel();
    }

    public ClientPool(UpstreamPool config, int loopCount, NameResolver resolver) {
        this.config = config;
        this.shards = new Shard[loopCount];
        for (Target target : config.targets()) {
            URI url = URI.create(target.url());
            int port = url.getPort() < 0 ? 80 : url.getPort();
            TargetState state = new TargetState(
                    target, url.getHost(), port, config.maxConnectionsPerTarget(), config.maxQueued(), loopCount);
            targets.add(state);
            watches.add(resolver.watch(url.getHost(), config.dnsRefresh(), state::resolved));
        }
    }

    public UpstreamPool config() {
        return config;
    }

    /** The place of the target whose turn it is on this thread; -1 if the pool has none. */
    public int pick(IoLoop loop) {
        Shard shard = shard(loop);
        int count = shard.targets.length;
        if (count <= 1) {
            return count - 1;
        }
        int picked = shard.next;
        shard.next = picked + 1 == count ? 0 : picked + 1;
        return picked;
    }

    public Target target(int index) {
        return targets.get(index).target();
    }

    /**
     * Gives the listener a connection to the target at this place.
     *
     * @param fresh whether a connection that was idle will not do
     * @return what is under way; null if the listener was called already
     */
    public @Nullable Pending acquire(
            IoLoop loop, int index, UpstreamListener listener, Duration connectTimeout, boolean fresh) {
        if (index < 0) {
            listener.failed(FailureCode.UPSTREAM_UNAVAILABLE, "the pool has no target", true, false);
            return null;
        }
        LoopTarget.Acquisition acquisition = shard(loop).targets[index].acquire(listener, connectTimeout, fresh);
        return acquisition == null ? null : acquisition::cancel;
    }

    private Shard shard(IoLoop loop) {
        Shard shard = shards[loop.index()];
        if (shard == null) {
            LoopTarget[] own = new LoopTarget[targets.size()];
            for (int i = 0; i < own.length; i++) {
                own[i] = new LoopTarget(loop, targets.get(i), config);
                targets.get(i).register(loop.index(), own[i]);
            }
            // Threads begin at different targets, or all of them would send their first request to the first one.
            shard = new Shard(own, own.length == 0 ? 0 : loop.index() % own.length);
            shards[loop.index()] = shard;
            if (closed) {
                // An exchange of the former configuration comes first on this thread; close() has not seen it.
                for (LoopTarget target : own) {
                    target.retire();
                }
            }
        }
        return shard;
    }

    /** Connections of this loop that wait for an exchange; called on it. */
    public int idle(IoLoop loop) {
        Shard shard = shards[loop.index()];
        return shard == null
                ? 0
                : Arrays.stream(shard.targets).mapToInt(LoopTarget::idleCount).sum();
    }

    /** Connections of this loop that an exchange has; called on it. */
    public int inUse(IoLoop loop) {
        Shard shard = shards[loop.index()];
        return shard == null
                ? 0
                : Arrays.stream(shard.targets).mapToInt(LoopTarget::inUseCount).sum();
    }

    /** Connections open or being made, to all targets. */
    public int connections() {
        return targets.stream().mapToInt(TargetState::connections).sum();
    }

    /** Closes idle connections now and the others once their exchange is over. */
    @Override
    public void close() {
        closed = true;
        for (AutoCloseable watch : watches) {
            try {
                watch.close();
            } catch (Exception e) {
                LOG.warn("a name is still watched", e);
            }
        }
        targets.forEach(TargetState::retire);
    }
}
