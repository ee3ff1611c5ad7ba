package io.fairlead.proxy.testing;

import java.security.SecureRandom;
import java.util.Random;

/**
 * Property tests over a seeded generator. Each run has a seed of its own; a failure names it, and
 * {@code -Dfairlead.seed=<seed>} runs the property with exactly that one again.
 */
public final class Seeds {
    /** The system property that fixes the seed. */
    public static final String PROPERTY = "fairlead.seed";

    /** A property: it may draw what it likes from the generator, and throws where it does not hold. */
    @FunctionalInterface
    public interface Property {
        void check(Random random) throws Exception;
    }

    private Seeds() {}

    /** Checks the property {@code runs} times, or once where the seed is given by {@value #PROPERTY}. */
    public static void run(int runs, Property property) {
        String fixed = System.getProperty(PROPERTY);
        if (fixed != null) {
            check(Long.parseLong(fixed), 1, 1, property);
            return;
        }
        Random seeds = new Random(new SecureRandom().nextLong());
        for (int run = 1; run <= runs; run++) {
            check(seeds.nextLong(), run, runs, property);
        }
    }

    private static void check(long seed, int run, int runs, Property property) {
        try {
            property.check(new Random(seed));
        } catch (Exception | AssertionError failure) {
            throw new AssertionError(
                    "run " + run + " of " + runs + " failed; repeat it with -D" + PROPERTY + "=" + seed + "\n"
                            + failure.getMessage(),
                    failure);
        }
    }
}
