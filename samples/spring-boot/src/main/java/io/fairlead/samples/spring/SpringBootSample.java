package io.fairlead.samples.spring;

import io.fairlead.proxy.ProxyConfig;
import java.util.concurrent.ForkJoinPool;
import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/** The proxy is in {@code application.yml}; nothing here has to do with it, but for an option that shows it as JSON. */
@SpringBootApplication(proxyBeanMethods = false)
public class SpringBootSample {

    public static void main(String[] args) {
        SpringApplication.run(SpringBootSample.class, args);
    }

    /**
     * With {@code --show-config}. It asks from a fork/join thread because that is where a fat jar is hard: such a thread
     * has the system's class loader as its context, which sees nothing inside the jar.
     */
    @Bean
    ApplicationRunner showConfig(ProxyConfig config) {
        return arguments -> {
            if (arguments.containsOption("show-config")) {
                ForkJoinPool pool = new ForkJoinPool(1);
                System.out.println(pool.submit(config::toJson).get());
                pool.shutdown();
            }
        };
    }
}
