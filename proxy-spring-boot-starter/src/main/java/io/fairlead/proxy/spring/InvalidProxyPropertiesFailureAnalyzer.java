package io.fairlead.proxy.spring;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Tells every problem of the configuration with the property's name, as Boot does for its own properties. */
final class InvalidProxyPropertiesFailureAnalyzer extends AbstractFailureAnalyzer<InvalidProxyPropertiesException> {

    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, InvalidProxyPropertiesException cause) {
        StringBuilder text = new StringBuilder("The Fairlead proxy cannot run with its configuration:\n");
        for (InvalidProxyPropertiesException.Placed problem : cause.problems()) {
            text.append("\n    Property: ").append(problem.place());
            text.append("\n    Value: ").append(problem.value());
            text.append("\n    Expected: ").append(problem.expectation());
            if (problem.origin() != null) {
                text.append("\n    Origin: ").append(problem.origin());
            }
            text.append('\n');
        }
        return new FailureAnalysis(text.toString(), "Update your application's configuration.", cause);
    }
}
