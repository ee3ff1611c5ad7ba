package io.fairlead.proxy.internal.upstream;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * A counter that all I/O threads change with every request, alone on its cache line: beside it a field that is only read
 * would be fetched from the other core again and again.
 */
public final class PaddedCounter extends AtomicInteger {
    private static final long serialVersionUID = 1;

    long p1;
    long p2;
    long p3;
    long p4;
    long p5;
    long p6;
    long p7;
    long p8;
}
