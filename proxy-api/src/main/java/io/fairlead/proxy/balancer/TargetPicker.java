package io.fairlead.proxy.balancer;

import io.fairlead.proxy.exchange.Exchange;

/**
 * Chooses the target of an attempt: what stands behind a {@link LoadBalancer}, and the interface for one's own.
 *
 * <p>Each I/O thread of a pool has its own picker, and another one for each further tier that it uses, so that a picker needs
 * no locks. It runs on that thread for every request and must neither block nor keep the exchange. For a retry it gets a
 * list of its own, without the targets that were tried before; the next request has the usual list again.
 */
@FunctionalInterface
public interface TargetPicker {

    /**
     * Chooses one.
     *
     * @param candidates of one or more; with one alone it may be left out
     * @param exchange the request and its client, for choices that hang on them
     * @return its place, 0 to {@code candidates.size() - 1}; anything else fails the request with 500
     */
    int pick(Candidates candidates, Exchange exchange);
}
