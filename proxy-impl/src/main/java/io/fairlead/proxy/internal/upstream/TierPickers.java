package io.fairlead.proxy.internal.upstream;

import io.fairlead.proxy.balancer.TargetPicker;
import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.internal.balancer.TierDraw;
import java.util.Arrays;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * How one I/O thread of a pool chooses a tier, and a target within it. Each tier has a picker of its own, so that its turn goes on
 * where it was, and what is derived from its list is kept, while another tier takes requests in between. Those of further
 * tiers are made when they are needed first.
 */
final class TierPickers {

    private final IntFunction<TargetPicker> factory;
    private final TierDraw draw;
    private final TargetPicker first;
    private @Nullable TargetPicker[] others = {};

    /** @param factory makes the picker of a part of the pool, by its number */
    TierPickers(IntFunction<TargetPicker> factory, TierDraw draw) {
        this.factory = factory;
        this.draw = draw;
        this.first = factory.apply(0);
    }

    /** The place of the chosen one. */
    int pick(TargetSet from, Exchange exchange) {
        TargetPicker picker = from.part() == 0 ? first : other(from.part());
        return picker.pick(from, exchange);
    }

    /** Where in 0..1 the request falls while tiers share them. */
    double draw(Exchange exchange) {
        return draw.of(exchange);
    }

    private TargetPicker other(int part) {
        if (part >= others.length) {
            others = Arrays.copyOf(others, part + 1);
        }
        TargetPicker picker = others[part];
        if (picker == null) {
            picker = factory.apply(part);
            others[part] = picker;
        }
        return picker;
    }
}
