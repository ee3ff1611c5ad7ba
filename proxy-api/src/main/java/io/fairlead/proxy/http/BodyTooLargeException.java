package io.fairlead.proxy.http;

/** A body has more bytes than its reader allowed. */
public final class BodyTooLargeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final long maxBytes;

    /** Names the cap that was exceeded. */
    public BodyTooLargeException(long maxBytes) {
        super("body is longer than " + maxBytes + " bytes");
        this.maxBytes = maxBytes;
    }

    /** The cap in bytes. */
    public long maxBytes() {
        return maxBytes;
    }
}
