package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.middleware.BlockingExecutor;
import io.fairlead.proxy.internal.upstream.PaddedCounter;
import io.fairlead.proxy.observe.ExchangeListener;
import io.fairlead.proxy.observe.ExchangeRecord;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What all exchanges of a proxy share.
 *
 * @param listeners hear of every exchange
 * @param blocking runs middleware that blocks
 * @param exchangeIds numbers for exchanges that ask for one
 * @param requests under way, as long as the configuration limits them
 */
public record EngineServices(
        List<ExchangeListener> listeners, BlockingExecutor blocking, AtomicLong exchangeIds, PaddedCounter requests) {

    private static final Logger LOG = LoggerFactory.getLogger(EngineServices.class);

    public EngineServices(List<ExchangeListener> listeners, BlockingExecutor blocking) {
        this(listeners, blocking, new AtomicLong(), new PaddedCounter());
    }

    /** Tells the listeners of a client that was turned away before there was an exchange. */
    public void refused(InetSocketAddress peer, FailureCode code, String detail, int status) {
        if (listeners.isEmpty()) {
            return;
        }
        ExchangeRecord refused = new ExchangeRecord(
                0,
                peer,
                "",
                "",
                "",
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                0,
                status,
                Optional.of(code),
                Optional.of(detail),
                Optional.empty(),
                0,
                0,
                Instant.now(),
                new ExchangeRecord.Timings(Optional.empty(), Optional.empty(), Duration.ZERO));
        tell(refused);
    }

    /** Tells every listener; what one throws ends here. */
    void tell(ExchangeRecord done) {
        for (ExchangeListener listener : listeners) {
            try {
                listener.onComplete(done);
            } catch (RuntimeException | Error e) {
                LOG.warn("an exchange listener failed", e);
            }
        }
    }
}
