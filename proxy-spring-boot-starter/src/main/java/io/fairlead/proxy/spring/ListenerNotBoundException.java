package io.fairlead.proxy.spring;

/** A proxy cannot listen where it should, mostly because another program does. */
public final class ListenerNotBoundException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ListenerNotBoundException(String message, Throwable cause) {
        super(message, cause);
    }
}
