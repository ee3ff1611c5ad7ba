package io.fairlead.proxy.spring;

import io.fairlead.proxy.route.Route;
import org.springframework.boot.autoconfigure.condition.AnyNestedCondition;
import org.springframework.boot.autoconfigure.condition.ConditionMessage;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.core.type.AnnotatedTypeMetadata;

/** Somebody asked for a proxy: with a property, or with a route. */
final class OnProxyConfiguredCondition extends AnyNestedCondition {

    OnProxyConfiguredCondition() {
        super(ConfigurationPhase.REGISTER_BEAN);
    }

    @Conditional(OnPropertiesCondition.class)
    static final class HasProperties {}

    @ConditionalOnBean(Route.class)
    static final class HasRoute {}

    /** A {@code fairlead.*} property is set. */
    static final class OnPropertiesCondition extends SpringBootCondition {

        @Override
        public ConditionOutcome getMatchOutcome(ConditionContext context, AnnotatedTypeMetadata metadata) {
            ConditionMessage.Builder message = ConditionMessage.forCondition("Fairlead properties");
            return PropertyReader.isConfigured(context.getEnvironment())
                    ? ConditionOutcome.match(message.because("a fairlead.* property is set"))
                    : ConditionOutcome.noMatch(message.because("no fairlead.* property is set"));
        }
    }
}
