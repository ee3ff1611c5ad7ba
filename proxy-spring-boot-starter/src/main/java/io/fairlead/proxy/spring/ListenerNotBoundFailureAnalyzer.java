package io.fairlead.proxy.spring;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Tells which address is taken. */
final class ListenerNotBoundFailureAnalyzer extends AbstractFailureAnalyzer<ListenerNotBoundException> {

    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, ListenerNotBoundException cause) {
        return new FailureAnalysis(
                "The Fairlead proxy " + cause.getMessage() + ".",
                "Stop the program that listens there, or give the proxy another address: fairlead.listeners[0].host"
                        + " and fairlead.listeners[0].port, or the Listener bean. The application's own web server"
                        + " has server.port.",
                cause);
    }
}
