package io.fairlead.proxy.internal.balancer;

import io.fairlead.proxy.balancer.Candidates;
import io.fairlead.proxy.balancer.TargetPicker;
import io.fairlead.proxy.exchange.Exchange;

/** One at random, by weight. */
final class RandomPicker implements TargetPicker {
    private final Sampler sampler;

    RandomPicker(long seed) {
        sampler = new Sampler(seed);
    }

    @Override
    public int pick(Candidates candidates, Exchange exchange) {
        return sampler.first(candidates);
    }
}
