package io.fairlead.proxy.observe;

/** Hears of every exchange when it is over, once. */
@FunctionalInterface
public interface ExchangeListener {

    /** Takes the record. Runs on an I/O thread and must not block; what it throws is logged and goes no further. */
    void onComplete(ExchangeRecord exchangeRecord);
}
