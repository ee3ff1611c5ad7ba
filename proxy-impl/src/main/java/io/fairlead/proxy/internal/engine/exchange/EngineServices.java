package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.internal.middleware.BlockingExecutor;
import io.fairlead.proxy.observe.ExchangeListener;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What all exchanges of a proxy share.
 *
 * @param listeners hear of every exchange
 * @param blocking runs middleware that blocks
 * @param exchangeIds numbers for exchanges that ask for one
 */
public record EngineServices(List<ExchangeListener> listeners, BlockingExecutor blocking, AtomicLong exchangeIds) {}
