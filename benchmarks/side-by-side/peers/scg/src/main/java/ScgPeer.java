import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.cloud.gateway.route.builder.RouteLocatorBuilder;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Spring Cloud Gateway (WebFlux) with one route. System properties: server.port, server.address, upstream. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
public class ScgPeer {

    public static void main(String[] args) {
        SpringApplication.run(ScgPeer.class, args);
    }

    @Bean
    RouteLocator routes(RouteLocatorBuilder builder, @Value("${upstream}") String upstream) {
        return builder.routes().route(route -> route.path("/**").uri(upstream)).build();
    }
}
