package io.fairlead.proxy.internal.lifecycle;

import io.fairlead.proxy.ConfigurationException;
import io.fairlead.proxy.Problem;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.ReverseProxy;
import io.fairlead.proxy.internal.config.ConfigDiff;
import io.fairlead.proxy.internal.config.ConfigJson;
import io.fairlead.proxy.internal.config.Validator;
import io.fairlead.proxy.spi.ProxyProvider;
import io.fairlead.proxy.spi.Registrations;
import java.util.List;

/** The engine, as {@link java.util.ServiceLoader} finds it. */
public final class EngineProvider implements ProxyProvider {

    @Override
    public ReverseProxy create(ProxyConfig config, Registrations registrations) {
        List<Problem> problems = Validator.validate(config, registrations);
        if (!problems.isEmpty()) {
            throw new ConfigurationException(problems);
        }
        return new EngineProxy(config, registrations);
    }

    @Override
    public ProxyConfig fromJson(String json) {
        return ConfigJson.read(json);
    }

    @Override
    public String toJson(ProxyConfig config) {
        return ConfigJson.write(config);
    }

    @Override
    public List<Problem> validate(ProxyConfig config) {
        return Validator.validate(config, null);
    }

    @Override
    public List<String> diff(ProxyConfig from, ProxyConfig to) {
        return ConfigDiff.diff(from, to);
    }
}
