package io.fairlead.proxy.health;

/**
 * Status codes from one to another, both included.
 *
 * @param from the first, 100 or more
 * @param to the last, 599 or less, not below {@code from}
 */
public record StatusRange(int from, int to) {

    /** Every 2xx. */
    public static final StatusRange SUCCESSFUL = new StatusRange(200, 299);

    /** Whether a status is among them. */
    public boolean contains(int status) {
        return status >= from && status <= to;
    }

    /** {@code 204}, or {@code 200-299}. */
    @Override
    public String toString() {
        return from == to ? String.valueOf(from) : from + "-" + to;
    }
}
