package io.fairlead.proxy.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fairlead.proxy.ForwardedHeaders;
import io.fairlead.proxy.ProxyConfig;
import io.fairlead.proxy.balancer.LoadBalancer;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.middleware.Middleware;
import io.fairlead.proxy.ratelimit.Key;
import io.fairlead.proxy.ratelimit.MissingKey;
import io.fairlead.proxy.ratelimit.RateLimit;
import io.fairlead.proxy.ratelimit.RateLimitFields;
import io.fairlead.proxy.resilience.RetryOn;
import io.fairlead.proxy.resilience.RetryPolicy;
import io.fairlead.proxy.route.Match;
import io.fairlead.proxy.route.Route;
import io.fairlead.proxy.spring.InvalidProxyPropertiesException.Placed;
import io.fairlead.proxy.transform.Transform;
import io.fairlead.proxy.upstream.Target;
import io.fairlead.proxy.upstream.UpstreamPool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.PropertiesPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.core.io.ByteArrayResource;

class PropertyReaderTest {
    private static final Path DOCS = Path.of(System.getProperty("basedir", ""))
            .toAbsolutePath()
            .getParent()
            .resolve("docs");

    private final ConfigurableEnvironment environment = new StandardEnvironment();

    PropertyReaderTest() {
        environment
                .getPropertySources()
                .forEach(source -> environment
                        .getPropertySources()
                        .replace(source.getName(), new MapPropertySource(source.getName(), Map.of())));
    }

    /** Weaker than what was added before, as further files are. */
    private PropertyReaderTest yaml(String yaml) {
        try {
            ByteArrayResource file = new ByteArrayResource(yaml.getBytes(StandardCharsets.UTF_8), "application.yml");
            new YamlPropertySourceLoader()
                    .load("application.yml", file)
                    .forEach(environment.getPropertySources()::addLast);
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private PropertyReaderTest properties(String... lines) {
        Properties properties = new Properties();
        for (String line : lines) {
            properties.setProperty(line.substring(0, line.indexOf('=')), line.substring(line.indexOf('=') + 1));
        }
        String name = "properties " + environment.getPropertySources().size();
        environment.getPropertySources().addLast(new PropertiesPropertySource(name, properties));
        return this;
    }

    private PropertyReaderTest variables(String... pairs) {
        Map<String, Object> variables = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            variables.put(pairs[i], pairs[i + 1]);
        }
        environment
                .getPropertySources()
                .replace(
                        StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
                        new SystemEnvironmentPropertySource(
                                StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME, variables));
        return this;
    }

    private ProxyConfig read() {
        return new PropertyReader(environment).read();
    }

    private InvalidProxyPropertiesException problems() {
        return catchThrowableOfType(InvalidProxyPropertiesException.class, this::read);
    }

    /** JSON is YAML: what is below {@code fairlead} may be JSON. */
    private void assertSameAsJson(String json) {
        yaml("fairlead: " + json);
        assertThat(read().toJson()).isEqualTo(ProxyConfig.fromJson(json).toJson());
        assertThat(read()).isEqualTo(ProxyConfig.fromJson(json));
    }

    @Test
    void exampleOfTheConfigurationPage_isTheSameAsProperties() throws IOException {
        Matcher json = Pattern.compile("^```json\n(.*?)^```", Pattern.DOTALL | Pattern.MULTILINE)
                .matcher(Files.readString(DOCS.resolve("configuration.md")));
        assertThat(json.find()).isTrue();

        assertSameAsJson(json.group(1)
                .replaceFirst("\"\\$schema\": \"[^\"]*\",", "")
                .replace("${env:CATALOG_TOKEN}", "${env:PATH}"));
    }

    @Test
    void everyKindOfValue_isTheSameAsInJson() {
        assertSameAsJson("""
                {
                  "version": 1,
                  "listeners": [ {"host": "127.0.0.1", "port": 0, "halfClose": true,
                    "limits": {"maxConnections": 7, "maxBodyBytes": 99999999999},
                    "trustedProxies": ["10.0.0.0/8", "::1"]} ],
                  "timeouts": {"requestHead": "5s", "idle": "0s", "total": "PT1.5S"},
                  "pools": [ {"name": "a", "targets": ["http://a:1", {"url": "http://b:2"}],
                      "loadBalancer": "roundRobin", "hostPolicy": "target", "maxAge": "1h"},
                    {"name": "b", "targets": ["http://c"], "loadBalancer": {"type": "roundRobin"}} ],
                  "middleware": [ {"ref": "audit"}, {"ref": "trace"} ],
                  "routes": [
                    {"id": "r1", "order": -3, "maxBodyBytes": 0, "to": "a",
                      "match": {"host": "*.example.com", "path": "/users/{id}/**", "method": ["GET", "PUT"],
                        "header": {"name": "X-A", "regex": "a+"}, "query": {"name": "q", "value": "1"},
                        "cookie": {"name": "c"}, "clientAddress": "10.0.0.0/8"},
                      "middleware": [ {"ref": "own"}, {"type": "rateLimit",
                        "limits": [ {"permits": 10, "period": "1s", "burst": 20}, {"permits": 100, "period": "1h"} ],
                        "by": [ "clientAddress", {"type": "clientAddress", "ipv4Prefix": 24},
                          {"type": "header", "name": "X-Api-Key"}, {"type": "pathVariable", "name": "id"}, "route" ],
                        "missingKey": "deny", "exempt": [ "10.0.0.0/8", "::1" ], "fields": "always", "dryRun": true,
                        "maxKeys": 5, "store": "fleet"} ],
                      "timeouts": {"total": "2s"},
                      "transforms": [ {"type": "stripPrefix", "prefix": "/users"},
                        {"type": "pathRegex", "regex": "/(a+)", "replacement": "/$1"},
                        {"type": "pathTemplate", "template": "/{a}/**", "replacement": "/v2/{a}/**"},
                        {"type": "setRequestTrailer", "name": "X-Id", "value": "{id}"},
                        {"type": "setRequestHeader", "name": "X-Id", "value": "{id}"},
                        {"type": "removeResponseHeader", "name": "Server"},
                        {"type": "requestBody", "name": "upper", "maxBytes": 100} ]},
                    {"id": "r2", "match": {"any": [ {"path": "/x"}, {"not": {"pathRegex": "/y.*"}} ]},
                      "redirect": {"status": 301, "location": "/new{path}"}},
                    {"id": "r3", "match": {"all": [ {"header": {"name": "A"}}, {"header": {"name": "B"}} ]},
                      "respond": {"status": 418, "headers": {"Content-Type": "text/x", "X.Dotted": "y", "X-Dashed": "z"},
                        "body": "a\\nb, c"}}
                  ],
                  "forwardedHeaders": "off",
                  "via": false,
                  "failureHeader": true,
                  "stopTimeout": "7s"
                }
                """);
    }

    @Test
    void relaxedNamesAndValues_areUnderstood() {
        properties(
                "fairlead.forwarded-headers=X_FORWARDED",
                "fairlead.failureHeader=TRUE",
                "fairlead.stop_timeout=3s",
                "fairlead.listeners[0].port=8080",
                "fairlead.listeners[0].limits.max-body-bytes=10MB",
                "fairlead.listeners[0].trusted-proxies=10.0.0.0/8,::1",
                "fairlead.pools[0].name=a",
                "fairlead.pools[0].targets=http://a,http://b",
                "fairlead.pools[0].load-balancer=round-robin",
                "fairlead.routes[0].id=r",
                "fairlead.routes[0].to=a",
                "fairlead.routes[0].middleware=audit",
                "fairlead.routes[0].transforms[0].type=strip-prefix",
                "fairlead.routes[0].transforms[0].prefix=/api");

        ProxyConfig config = read();

        assertThat(config.forwardedHeaders()).isEqualTo(ForwardedHeaders.X_FORWARDED);
        assertThat(config.failureHeader()).isTrue();
        assertThat(config.stopTimeout()).isEqualTo(Duration.ofSeconds(3));
        assertThat(config.listeners().get(0).limits().maxBodyBytes()).isEqualTo(10 << 20);
        assertThat(config.listeners().get(0).trustedProxies().networks()).containsExactly("10.0.0.0/8", "::1");
        assertThat(config.pools())
                .containsExactly(UpstreamPool.builder("a")
                        .target("http://a")
                        .target("http://b")
                        .loadBalancer(LoadBalancer.roundRobin())
                        .build());
        Route route = config.routes().get(0);
        assertThat(route.middleware()).containsExactly(Middleware.ref("audit"));
        assertThat(route.transforms()).containsExactly(Transform.stripPrefix("/api"));
    }

    /** Constants and numbers between commas were handed on as they stood, and reported as wrong. */
    @Test
    void constantsAndNumbersBetweenCommas_areUnderstood() {
        properties(
                "fairlead.pools.a.targets=http://a",
                "fairlead.pools.a.retry.on=connect-failure,RESET, gatewayError",
                "fairlead.pools.a.retry.safe-method-statuses=500,${busy:509}",
                "fairlead.routes.r.to=a",
                "fairlead.routes.r.fallbacks[0].respond.status=503",
                "fairlead.routes.r.fallbacks[0].failures=upstream-unavailable, UPSTREAM_CLOSED");

        ProxyConfig config = read();

        RetryPolicy retry = config.pools().get(0).retry();
        assertThat(retry.on()).containsExactlyInAnyOrder(RetryOn.CONNECT_FAILURE, RetryOn.RESET, RetryOn.GATEWAY_ERROR);
        assertThat(retry.safeMethodStatuses()).containsExactlyInAnyOrder(500, 509);
        assertThat(config.routes().get(0).fallbacks().get(0).failures())
                .containsExactlyInAnyOrder(FailureCode.UPSTREAM_UNAVAILABLE, FailureCode.UPSTREAM_CLOSED);
    }

    private static final RateLimit LIMIT = RateLimit.of(100, Duration.ofSeconds(1))
            .burst(200)
            .and(5000, Duration.ofHours(1))
            .by(Key.clientAddress(), Key.header("X-Api-Key"))
            .missingKey(MissingKey.DENY)
            .exempt("10.0.0.0/8", "::1")
            .fields(RateLimitFields.ALWAYS)
            .dryRun(true)
            .maxKeys(5);

    @Test
    void rateLimitInYaml_isUnderstoodInKebabCase() {
        yaml("""
                fairlead:
                  routes:
                    catalog:
                      to: catalog
                      middleware:
                        - ref: audit
                        - type: rate-limit
                          limits:
                            - permits: 100
                              period: 1s
                              burst: 200
                            - { permits: 5000, period: 1h }
                          by: [ client-address, { type: header, name: X-Api-Key } ]
                          missing-key: deny
                          exempt: 10.0.0.0/8, ::1
                          fields: always
                          dry-run: true
                          max-keys: 5
                """);
        assertThat(read().routes().get(0).middleware()).containsExactly(Middleware.ref("audit"), LIMIT);
    }

    @Test
    void rateLimitInProperties_isUnderstood() {
        properties(
                "fairlead.middleware[0].type=rateLimit",
                "fairlead.middleware[0].limits[0].permits=100",
                "fairlead.middleware[0].limits[0].period=1s",
                "fairlead.middleware[0].limits[0].burst=200",
                "fairlead.middleware[0].limits[1].permits=5000",
                "fairlead.middleware[0].limits[1].period=1h",
                "fairlead.middleware[0].by[0]=client-address",
                "fairlead.middleware[0].by[1].type=header",
                "fairlead.middleware[0].by[1].name=X-Api-Key",
                "fairlead.middleware[0].missing-key=DENY",
                "fairlead.middleware[0].exempt=10.0.0.0/8,::1",
                "fairlead.middleware[0].fields=always",
                "fairlead.middleware[0].dryRun=true",
                "fairlead.middleware[0].max_keys=5",
                "fairlead.middleware[1].type=rate-limit",
                "fairlead.middleware[1].limits[0].permits=1",
                "fairlead.middleware[1].limits[0].period=1s",
                "fairlead.middleware[1].by=route,client-address",
                "fairlead.middleware[2]=audit");
        assertThat(read().middleware())
                .containsExactly(
                        LIMIT,
                        RateLimit.of(1, Duration.ofSeconds(1)).by(Key.route(), Key.clientAddress()),
                        Middleware.ref("audit"));
    }

    @Test
    void problemsOfARateLimit_nameTheirProperties() {
        yaml("""
                fairlead:
                  routes:
                    catalog:
                      to: catalog
                      middleware:
                        - type: rate-limit
                          limits: [ { permits: 0, period: 0s, brust: 5 } ]
                          by: [ { type: header }, client-adress ]
                          missing-key: refuse
                          exempt: [ 10.0.0.0/33 ]
                          max-keys: many
                        - type: rate-limits
                """);
        assertThat(problems().problems())
                .extracting(Placed::place)
                .contains(
                        "fairlead.routes.catalog.middleware[0].limits[0].permits",
                        "fairlead.routes.catalog.middleware[0].limits[0].period",
                        "fairlead.routes.catalog.middleware[0].limits[0].brust",
                        "fairlead.routes.catalog.middleware[0].by[0].name",
                        "fairlead.routes.catalog.middleware[0].by[1]",
                        "fairlead.routes.catalog.middleware[0].missing-key",
                        "fairlead.routes.catalog.middleware[0].exempt[0]",
                        "fairlead.routes.catalog.middleware[0].max-keys",
                        "fairlead.routes.catalog.middleware[1].type");
    }

    @Test
    void bareOffInYaml_isTheConstant() {
        yaml("fairlead:\n  forwarded-headers: off\n");
        assertThat(read().forwardedHeaders()).isEqualTo(ForwardedHeaders.OFF);
    }

    /** The condition of a retry could not be written in YAML: its key on was read as true. */
    @Test
    void bareOnAsAKeyInYaml_isTheKey() {
        yaml("""
                fairlead:
                  pools:
                    a: {targets: ["http://a"], retry: {on: [connect-failure, timeout], max-attempts: 2}}
                    b:
                      targets: http://b
                      retry:
                        on:
                          - reset
                    c: {targets: ["http://c"], retry: {on: []}}
                """);
        assertThat(read().pools())
                .extracting(pool -> pool.retry().on())
                .containsExactly(Set.of(RetryOn.CONNECT_FAILURE, RetryOn.TIMEOUT), Set.of(RetryOn.RESET), Set.of());
    }

    @Test
    void strongerSource_replacesABareOnOfYamlAndIsReplacedByOne() {
        properties("fairlead.pools.a.retry.on[0]=timeout");
        yaml("""
                fairlead:
                  pools:
                    a: {targets: ["http://a"], retry: {on: [reset]}}
                    b: {targets: ["http://b"], retry: {on: [reset]}}
                """);
        properties("fairlead.pools.b.retry.on[0]=timeout");
        assertThat(read().pools())
                .extracting(pool -> pool.retry().on())
                .containsExactlyInAnyOrder(Set.of(RetryOn.TIMEOUT), Set.of(RetryOn.RESET));
    }

    @Test
    void problemOfABareOnInYaml_namesTheProperty() {
        yaml("fairlead:\n  pools:\n    a:\n      targets: http://a\n      retry: {on: [sometimes], off: 1}\n");
        assertThat(problems().problems())
                .extracting(Placed::place)
                .contains("fairlead.pools.a.retry[true][0]", "fairlead.pools.a.retry[false]");
    }

    @Test
    void environmentVariables_areUnderstood() {
        variables(
                "FAIRLEAD_STOPTIMEOUT", "3s",
                "FAIRLEAD_TIMEOUTS_RESPONSE_HEAD", "4s",
                "FAIRLEAD_POOLS_A_TARGETS", "http://a",
                "FAIRLEAD_ROUTES_0_ID", "r",
                "FAIRLEAD_ROUTES_0_TO", "a",
                "FAIRLEAD_LISTENERS_0_LIMITS_MAXHEADERBYTES", "4096",
                "FAIRLEAD_LISTENERS_0_PORT", "80");

        ProxyConfig config = read();

        assertThat(config.stopTimeout()).isEqualTo(Duration.ofSeconds(3));
        assertThat(config.timeouts().responseHead()).isEqualTo(Duration.ofSeconds(4));
        assertThat(config.pools()).containsExactly(UpstreamPool.of("a", "http://a"));
        assertThat(config.routes().get(0).id()).isEqualTo("r");
        assertThat(config.listeners().get(0).limits().maxHeaderBytes()).isEqualTo(4096);
    }

    @Test
    void variableOfAnotherProgram_isLeftAlone() {
        variables("FAIRLEAD_CI_BOUNDED", "1");
        assertThat(PropertyReader.isConfigured(environment)).isFalse();
        assertThat(read()).isEqualTo(ProxyConfig.builder().build());
    }

    @Test
    void poolsAndRoutesByName_areInTheirOrder() {
        yaml("""
                fairlead:
                  pools:
                    user-service:
                      targets: [ "http://a", {url: "http://b"} ]
                  routes:
                    users:
                      match: {path: /users/**}
                      to: user-service
                    Rest:
                      to: user-service
                    "[rest.v2]":
                      match: {path: /v2/**}
                      to: user-service
                """);

        ProxyConfig config = read();

        assertThat(config.pools()).containsExactly(UpstreamPool.of("user-service", "http://a", "http://b"));
        assertThat(config.routes()).extracting(Route::id).containsExactly("users", "Rest", "rest.v2");
        assertThat(config.routes().get(0).match()).isEqualTo(Match.path("/users/**"));
    }

    @Test
    void strongerSource_changesOneFieldOfANamedPool() {
        properties("fairlead.pools.b.targets=http://test:1");
        yaml("fairlead:\n  pools:\n    a: {targets: ['http://a']}\n    b: {targets: ['http://b'], max-queued: 5}\n");

        ProxyConfig config = read();

        assertThat(config.pools()).extracting(UpstreamPool::name).containsExactly("a", "b");
        assertThat(config.pools().get(1).targets()).containsExactly(Target.of("http://test:1"));
        assertThat(config.pools().get(1).maxQueued()).isEqualTo(5);
    }

    @Test
    void strongerSource_replacesAListAsAWhole() {
        properties("fairlead.listeners[0].port=1");
        yaml("fairlead:\n  listeners:\n  - {port: 2, half-close: true}\n  - {port: 3}\n");

        ProxyConfig config = read();

        assertThat(config.listeners()).hasSize(1);
        assertThat(config.listeners().get(0).port()).isEqualTo(1);
        assertThat(config.listeners().get(0).halfClose()).isFalse();
    }

    @Test
    void placeholders_areThoseOfSpringAndOfTheConfiguration(@TempDir Path folder) throws IOException {
        Path secret = Files.writeString(folder.resolve("secret"), "s3cret\n");
        properties(
                "backend=http://a:1",
                "fairlead.pools.a.targets=${backend},${other:http://b:2}",
                "fairlead.routes.r.to=a",
                "fairlead.routes.r.transforms[0].type=set-request-header",
                "fairlead.routes.r.transforms[0].name=Authorization",
                "fairlead.routes.r.transforms[0].value=Bearer ${file:" + secret + "}");

        ProxyConfig config = read();

        assertThat(config.pools()).containsExactly(UpstreamPool.of("a", "http://a:1", "http://b:2"));
        assertThat(config.routes().get(0).transforms())
                .containsExactly(Transform.setRequestHeader("Authorization", "Bearer s3cret"));
        assertThat(config.toJson()).contains("${file:").doesNotContain("s3cret");
    }

    @Test
    void problems_nameThePropertiesAndWhereTheyAreSet() {
        yaml("""
                fairlead:
                  stop-timout: 3s
                  listeners:
                  - port: http
                  pools:
                    a:
                      targets: ["ftp://a"]
                      max-queued: -1
                  routes:
                  - id: r
                    to: a
                    match:
                      hots: example.com
                  - to: a
                    max-body-bytes: many
                """);

        InvalidProxyPropertiesException failure = problems();

        assertThat(failure.problems())
                .extracting(Placed::place)
                .contains(
                        "fairlead.stop-timout",
                        "fairlead.listeners[0].port",
                        "fairlead.pools.a.targets[0]",
                        "fairlead.pools.a.max-queued",
                        "fairlead.routes[0].match.hots",
                        "fairlead.routes[1].id",
                        "fairlead.routes[1].max-body-bytes");
        Placed unknown = failure.problems().stream()
                .filter(one -> one.place().equals("fairlead.stop-timout"))
                .findFirst()
                .orElseThrow();
        assertThat(unknown.expectation()).isEqualTo("stop-timeout");
        assertThat(unknown.origin()).contains("application.yml").contains("2:");
        assertThat(new InvalidProxyPropertiesFailureAnalyzer().analyze(failure).getDescription())
                .contains("Property: fairlead.listeners[0].port\n    Value: \"http\"\n    Expected: ")
                .contains("Origin: ");
    }

    @Test
    void switchesOfTheStarter_areNoPartOfTheConfiguration() {
        properties("fairlead.enabled=true", "fairlead.name=edge", "fairlead.io-threads=2");
        assertThat(read()).isEqualTo(ProxyConfig.builder().build());
    }
}
