package io.fairlead.proxy.testing;

import io.fairlead.proxy.observe.ExchangeListener;
import io.fairlead.proxy.observe.ExchangeRecord;
import java.util.ArrayList;
import java.util.List;

/** Keeps what became of each exchange; give it to {@code ReverseProxy.Builder.onExchange}. */
public final class Records implements ExchangeListener {

    private final List<ExchangeRecord> all = new ArrayList<>();

    @Override
    public synchronized void onComplete(ExchangeRecord exchangeRecord) {
        all.add(exchangeRecord);
        notifyAll();
    }

    /** Waits until so many exchanges are over, and answers their records in the order of their ends. */
    public synchronized List<ExchangeRecord> await(int count) {
        long deadline = System.nanoTime() + TestUpstream.PATIENCE.toNanos();
        while (all.size() < count) {
            long millis = (deadline - System.nanoTime()) / 1_000_000;
            if (millis <= 0) {
                throw new AssertionError(count + " exchanges expected to end, these did: " + all);
            }
            try {
                wait(millis);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted", e);
            }
        }
        return List.copyOf(all);
    }

    /** Waits for the first record. */
    public ExchangeRecord first() {
        return await(1).get(0);
    }

    public synchronized int count() {
        return all.size();
    }
}
