package io.fairlead.proxy.spring;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.springframework.util.unit.DataSize;

/**
 * The shape of the {@code fairlead.*} properties, for editors alone: the metadata names these types, and editors read
 * from them what may stand in an element of a list or of a map. Nothing makes an instance. Written by
 * {@code MetadataTest} from the table that the reader uses, too.
 */
final class PropertyTypes {

    private PropertyTypes() {}

    /**
     * When to stop sending to what keeps failing, and when to try it again.
     *
     * @param failureRatePercent The share of failures that opens it.
     * @param slowCallDuration A call whose answer begins later is slow; {@code 0s}: none is.
     * @param slowCallRatePercent The share of slow calls that opens it.
     * @param window How far back it looks, in whole seconds up to {@code 1h}; not used with {@code windowCalls}.
     * @param windowCalls How many calls it looks back on; 0: those of {@code window}.
     * @param minimumCalls The calls it must have seen before it opens; not more than {@code windowCalls} where that is
     *     set.
     * @param openDuration How long nothing is sent before the probes.
     * @param halfOpenCalls The probes whose outcome closes it or opens it anew.
     */
    record CircuitBreaker(
            Integer failureRatePercent,
            Duration slowCallDuration,
            Integer slowCallRatePercent,
            Duration window,
            Integer windowCalls,
            Integer minimumCalls,
            Duration openDuration,
            Integer halfOpenCalls) {}

    /**
     * How many requests may be under way to one server at once.
     *
     * @param max The most requests.
     * @param min Above 0, the limit follows what the server can do, between this and {@code max}.
     */
    record ConcurrencyLimit(Integer max, Integer min) {}

    /**
     * Asks for presence unless {@code value} or {@code regex} is given.
     *
     * @param name The name.
     * @param value Exactly this value.
     * @param regex A regular expression for the whole value.
     */
    record CookieMatch(String name, String value, String regex) {}

    /**
     * Which active checks end an ejection: none, one that finds the server healthy again, any that passes.
     */
    enum EarlyReturn {
        NEVER,
        ON_RECOVERY,
        ON_PASSING_CHECK
    }

    /**
     * The body of an error answer. One of {@code text} and {@code file} is needed.
     *
     * @param contentType The value of Content-Type; the content is sent in UTF-8.
     * @param text The content, with variables such as {@code {status}}, {@code {reason}}, {@code {code}}, {@code
     *     {host}} and {@code {path}}.
     * @param file The path of a file with the content, read at the start and with every update.
     * @param statuses The statuses that it is for, such as {@code "404"} or {@code "500-599"}; all from 400 to 599 if
     *     left out.
     * @param intercept Whether it replaces the body of upstreams' answers too.
     */
    record ErrorPage(String contentType, String text, String file, List<String> statuses, Boolean intercept) {}

    /**
     * The failures that it replaces; none if the list is empty.
     */
    enum Failures {
        HANDLER_FAILED,
        UPSTREAM_UNAVAILABLE,
        UPSTREAM_CIRCUIT_OPEN,
        UPSTREAM_OVERLOADED,
        UPSTREAM_SESSION_UNAVAILABLE,
        UPSTREAM_QUEUE_FULL,
        UPSTREAM_QUEUE_TIMEOUT,
        UPSTREAM_NAME_NOT_RESOLVED,
        UPSTREAM_CONNECT_FAILED,
        UPSTREAM_CONNECT_TIMEOUT,
        UPSTREAM_SEND_FAILED,
        UPSTREAM_SEND_TIMEOUT,
        UPSTREAM_CLOSED,
        UPSTREAM_HEAD_TIMEOUT,
        UPSTREAM_ATTEMPT_TIMEOUT,
        UPSTREAM_MALFORMED_RESPONSE,
        UPSTREAM_HEADERS_TOO_LARGE,
        UPSTREAM_UNEXPECTED_UPGRADE
    }

    /**
     * What answers when the pool or handler of a route fails. One of {@code to}, {@code redirect} and {@code respond}
     *     is needed.
     *
     * @param to The name of another pool, or of a handler that the program registered.
     * @param redirect Answers with a redirect.
     * @param respond Answers with fixed content.
     * @param statuses The statuses of upstreams' answers that it replaces too, such as {@code "404"} or {@code
     *     "502-504"}.
     * @param failures The failures that it replaces; none if the list is empty.
     */
    record Fallback(String to, Redirect redirect, Respond respond, List<String> statuses, List<Failures> failures) {}

    /**
     * Which answers carry {@code RateLimit-Policy} and {@code RateLimit}.
     */
    enum Fields {
        NEVER,
        REFUSED,
        ALWAYS
    }

    /**
     * Which fields tell the upstream of the client.
     */
    enum ForwardedHeaders {
        X_FORWARDED,
        FORWARDED,
        OFF
    }

    /**
     * What consistent hashing and splits tell requests apart by.
     *
     * @param type Which of them.
     * @param name Of header, cookie, query.
     * @param key Of attribute.
     */
    record HashKey(HashKeyType type, String name, String key) {}

    /**
     * What consistent hashing and splits tell requests apart by.
     */
    enum HashKeyType {
        HEADER,
        COOKIE,
        QUERY,
        CLIENT_ADDRESS,
        ATTRIBUTE
    }

    /**
     * Asks for presence unless {@code value} or {@code regex} is given.
     *
     * @param name The name, regardless of case.
     * @param value Exactly this value.
     * @param regex A regular expression for the whole value.
     */
    record HeaderMatch(String name, String value, String regex) {}

    /**
     * How the servers are asked whether they are well.
     *
     * @param type Which of them.
     * @param path Of http, https.
     * @param method Of http, https.
     * @param host Of http, https.
     * @param headers Of http, https.
     * @param expectedStatuses Of http, https.
     * @param expectedBody Of http, https.
     * @param maxBodyBytes Of http, https.
     * @param port Of http, https, tcp.
     * @param interval Of http, https, tcp.
     * @param jitterPercent Of http, https, tcp.
     * @param timeout Of http, https, tcp.
     * @param rise Of http, https, tcp.
     * @param fall Of http, https, tcp.
     * @param transitionInterval Of http, https, tcp.
     * @param unhealthyInterval Of http, https, tcp.
     * @param minUnhealthy Of http, https, tcp.
     * @param usableBeforeFirstCheck Of http, https, tcp.
     * @param warmUp Of http, https, tcp.
     * @param tls Of https.
     */
    record HealthCheck(
            HealthCheckType type,
            String path,
            String method,
            String host,
            Map<String, String> headers,
            List<String> expectedStatuses,
            String expectedBody,
            DataSize maxBodyBytes,
            Integer port,
            Duration interval,
            Integer jitterPercent,
            Duration timeout,
            Integer rise,
            Integer fall,
            Duration transitionInterval,
            Duration unhealthyInterval,
            Duration minUnhealthy,
            Boolean usableBeforeFirstCheck,
            Duration warmUp,
            UpstreamTls tls) {}

    /**
     * How the servers are asked whether they are well.
     */
    enum HealthCheckType {
        HTTP,
        HTTPS,
        TCP
    }

    /**
     * Which Host field the servers get: the client's, or their own.
     */
    enum HostPolicy {
        PRESERVE,
        TARGET
    }

    /**
     * So many requests in a time, and so many at once after a pause: a token bucket.
     *
     * @param permits How many requests a period.
     * @param period The time.
     * @param burst How many may come at once after a pause; as many as in a period if left out.
     */
    record Limit(Integer permits, Duration period, Integer burst) {}

    /**
     * What the clients of one listener may use up.
     *
     * @param maxConnections Connections in all; more are closed at once.
     * @param maxConnectionsPerClient Connections of one client address (IPv6: of one /64 network); more are closed at
     *     once. 0: no limit.
     * @param maxTargetBytes Bytes of the request target; more is 414.
     * @param maxHeaderBytes Bytes of a request's head; more is 431.
     * @param maxHeaderFields Fields of a request's head; more is 431.
     * @param maxBodyBytes Bytes of a request's body; more is 413. 0: no limit. A route may set its own.
     * @param minBodyBytesPerSecond The mean rate that a request's body must keep after its first 5 s; slower is 408. 0:
     *     no limit.
     */
    record Limits(
            Integer maxConnections,
            Integer maxConnectionsPerClient,
            DataSize maxTargetBytes,
            DataSize maxHeaderBytes,
            Integer maxHeaderFields,
            DataSize maxBodyBytes,
            Integer minBodyBytesPerSecond) {}

    /**
     * An address where clients connect.
     *
     * @param host The address or local host name to bind.
     * @param port The port to bind; 0 takes a free one.
     * @param limits What a client may use up.
     * @param trustedProxies The networks whose {@code X-Forwarded-*} and {@code Forwarded} fields are believed.
     * @param halfClose Whether a client that closed its sending side still gets its answer.
     */
    record Listener(String host, Integer port, Limits limits, List<String> trustedProxies, Boolean halfClose) {}

    /**
     * How a server is chosen for a request.
     *
     * @param type Which of them.
     * @param keys Of consistent-hash.
     * @param balanceFactor Of consistent-hash.
     * @param name Of ref.
     */
    record LoadBalancer(LoadBalancerType type, List<HashKey> keys, Integer balanceFactor, String name) {}

    /**
     * How a server is chosen for a request.
     */
    enum LoadBalancerType {
        ROUND_ROBIN,
        WEIGHTED_ROUND_ROBIN,
        LEAST_REQUESTS,
        POWER_OF_TWO_CHOICES,
        RANDOM,
        PEAK_EWMA,
        CONSISTENT_HASH,
        REF
    }

    /**
     * Which requests: all keys must hold; no key is every request.
     *
     * @param host {@code shop.example.com}, or {@code *.example.com} for every name below it.
     * @param path {@code /health} exactly, {@code /api/**} with all below it, {@code /users/{id}} with a variable.
     * @param pathRegex A regular expression for the whole path; its named groups become variables.
     * @param method The method is one of these.
     * @param header A header field.
     * @param query A query parameter.
     * @param cookie A cookie.
     * @param clientAddress The client's address lies in one of these CIDR blocks.
     * @param all All of these hold.
     * @param any One of these holds.
     * @param not This does not hold.
     */
    record Match(
            String host,
            String path,
            String pathRegex,
            List<String> method,
            HeaderMatch header,
            QueryMatch query,
            CookieMatch cookie,
            List<String> clientAddress,
            List<Match> all,
            List<Match> any,
            Match not) {}

    /**
     * Code around an exchange: a {@code ref} to what the program registered, or one of Fairlead's own.
     *
     * @param ref The name it is registered under.
     * @param type Which of them.
     * @param limits Of rate-limit.
     * @param by Of rate-limit.
     * @param missingKey Of rate-limit.
     * @param exempt Of rate-limit.
     * @param fields Of rate-limit.
     * @param dryRun Of rate-limit.
     * @param maxKeys Of rate-limit.
     * @param store Of rate-limit.
     */
    record Middleware(
            String ref,
            MiddlewareType type,
            List<Limit> limits,
            List<RateLimitKey> by,
            MissingKey missingKey,
            List<String> exempt,
            Fields fields,
            Boolean dryRun,
            Integer maxKeys,
            String store) {}

    /**
     * Code around an exchange: a {@code ref} to what the program registered, or one of Fairlead's own.
     */
    enum MiddlewareType {
        RATE_LIMIT
    }

    /**
     * What becomes of a request without the key.
     */
    enum MissingKey {
        SHARED,
        ALLOW,
        DENY
    }

    /**
     * On what another attempt follows.
     */
    enum On {
        CONNECT_FAILURE,
        RESET,
        TIMEOUT,
        GATEWAY_ERROR
    }

    /**
     * Which servers are ejected for what becomes of their requests. A kind of failure with 0 ejects nobody.
     *
     * @param consecutive5xx 5xx answers but 501 and 505, and unanswered requests, in a row.
     * @param consecutiveGatewayErrors Answers 502, 503, 504 and unanswered requests in a row.
     * @param consecutiveLocalOriginFailures Unanswered requests in a row: refused, reset, timed out.
     * @param successRateDeviation How far below the mean a success rate may be, in thousandths of a standard deviation.
     * @param successRateMinTargets How many servers must have enough requests to be compared.
     * @param successRateMinRequests How many requests are enough in an interval.
     * @param failurePercentage The share of failed requests in an interval that ejects.
     * @param failurePercentageMinTargets How many servers must have enough requests for that.
     * @param failurePercentageMinRequests How many requests are enough in an interval.
     * @param interval How often rates are looked at, and after which time without ejection the next one is shorter
     *     again.
     * @param baseEjectionTime How long an ejection lasts, times the number of ejections in a row.
     * @param maxEjectionTime The longest ejection.
     * @param maxEjectionPercent The share of the servers that may be ejected at once; always one, never the last usable
     *     one.
     * @param earlyReturn Which active checks end an ejection: none, one that finds the server healthy again, any that
     *     passes.
     */
    record OutlierDetection(
            Integer consecutive5xx,
            Integer consecutiveGatewayErrors,
            Integer consecutiveLocalOriginFailures,
            Integer successRateDeviation,
            Integer successRateMinTargets,
            Integer successRateMinRequests,
            Integer failurePercentage,
            Integer failurePercentageMinTargets,
            Integer failurePercentageMinRequests,
            Duration interval,
            Duration baseEjectionTime,
            Duration maxEjectionTime,
            Integer maxEjectionPercent,
            EarlyReturn earlyReturn) {}

    /**
     * Asks for presence unless {@code value} or {@code regex} is given.
     *
     * @param name The name.
     * @param value Exactly this value.
     * @param regex A regular expression for the whole value.
     */
    record QueryMatch(String name, String value, String regex) {}

    /**
     * What tells requests apart for a rate limit.
     *
     * @param type Which of them.
     * @param ipv4Prefix Of client-address.
     * @param ipv6Prefix Of client-address.
     * @param name Of header, cookie, query, path-variable.
     */
    record RateLimitKey(RateLimitKeyType type, Integer ipv4Prefix, Integer ipv6Prefix, String name) {}

    /**
     * What tells requests apart for a rate limit.
     */
    enum RateLimitKeyType {
        CLIENT_ADDRESS,
        HEADER,
        COOKIE,
        QUERY,
        PATH_VARIABLE,
        ROUTE
    }

    /**
     * Answers with a redirect.
     *
     * @param status 301, 302, 303, 307 or 308.
     * @param location The Location field; {@code {name}} stands for a variable, empty if it was not captured, {@code
     *     {path}}, {@code {query}} and {@code {host}} for those of the request; one without a host is answered 400
     *     where {@code {host}} is needed.
     */
    record Redirect(Integer status, String location) {}

    /**
     * Answers with fixed content.
     *
     * @param status 200 to 599.
     * @param headers Header fields.
     * @param body Text, sent in UTF-8; none with 204, 205 and 304.
     */
    record Respond(Integer status, Map<String, String> headers, String body) {}

    /**
     * Whether a failed attempt is followed by another one.
     *
     * @param maxAttempts Attempts for one request, the first included; 1: no retry.
     * @param on On what another attempt follows.
     * @param statuses Statuses of answers on which another attempt follows.
     * @param safeMethodStatuses The same, for GET, HEAD and OPTIONS only.
     * @param responseHeaders Fields of an answer whose presence asks for another attempt.
     * @param nonIdempotent Whether requests such as POST are sent again though the target may have acted on them.
     * @param sameTarget Whether a target is tried again when there is no other.
     * @param backoff The longest pause before the second attempt; it doubles with each further one. {@code 0s}: no
     *     pauses.
     * @param maxBackoff The longest pause before any attempt.
     * @param maxRetryAfter How long a Retry-After is waited for before the same target is tried again.
     * @param budgetPercent Retries in ten seconds for a hundred requests to the pool: those of that time, or those
     *     under way if they are more.
     * @param budgetFloor Retries in ten seconds that the budget allows in any case.
     * @param maxReplayBytes The most bytes of a request body that are kept for another attempt; 0: none.
     * @param attemptHeader The field that tells the target the number of the attempt; not sent if left out.
     * @param hedgeAfter How long an answer is waited for before another target is asked as well; {@code 0s}: never.
     */
    record RetryPolicy(
            Integer maxAttempts,
            List<On> on,
            List<Integer> statuses,
            List<Integer> safeMethodStatuses,
            List<String> responseHeaders,
            Boolean nonIdempotent,
            Boolean sameTarget,
            Duration backoff,
            Duration maxBackoff,
            Duration maxRetryAfter,
            Integer budgetPercent,
            Integer budgetFloor,
            DataSize maxReplayBytes,
            String attemptHeader,
            Duration hedgeAfter) {}

    /**
     * Which requests go where. One of {@code to}, {@code split}, {@code redirect} and {@code respond} is needed.
     *
     * @param id Unique; records and messages show it.
     * @param match Which requests it takes; all if left out.
     * @param order Lower comes first, whatever the specificity.
     * @param middleware Code around its exchanges, outermost first.
     * @param transforms Edits of what is forwarded and returned, in order.
     * @param to The name of a pool, or of a handler that the program registered.
     * @param split Divides its requests between pools or handlers.
     * @param redirect Answers with a redirect.
     * @param respond Answers with fixed content.
     * @param timeouts Its own deadlines; what is left out is as in the proxy's.
     * @param maxBodyBytes Its own limit on request bodies, in bytes; 0: no limit. The listener's if left out.
     * @param retry Its own retries; the pool's if left out. The budget is the pool's always: another one is reported.
     * @param fallbacks What answers when its pool or handler fails, asked in order.
     * @param errorPages The bodies of its error answers; the proxy's come after them.
     */
    record Route(
            String id,
            Match match,
            Integer order,
            List<Middleware> middleware,
            List<Transform> transforms,
            String to,
            Split split,
            Redirect redirect,
            Respond respond,
            Timeouts timeouts,
            DataSize maxBodyBytes,
            RetryPolicy retry,
            List<Fallback> fallbacks,
            List<ErrorPage> errorPages) {}

    /**
     * Whether other sites' requests bring it.
     */
    enum SameSite {
        LAX,
        STRICT,
        NONE
    }

    /**
     * Whether it is sent over encrypted connections only; {@code auto}: if the request's scheme is https.
     */
    enum Secure {
        AUTO,
        ALWAYS,
        NEVER
    }

    /**
     * A part of the requests of a route.
     *
     * @param to The name of a pool, or of a registered handler.
     * @param weight What it gets, against the sum of all weights; 0: nothing but what an override sends it.
     */
    record Share(String to, Integer weight) {}

    /**
     * Divides the requests of a route between pools or handlers.
     *
     * @param shares Who gets what. Clients keep their share when the order stays and weights move between neighbours.
     * @param stickyBy Keeps requests with the same key in the same share, by the first of these that the request has;
     *     not with {@code stickyCookie}.
     * @param stickyCookie Keeps each client in its share with a cookie that the proxy gives it; not with {@code
     *     stickyBy}.
     * @param overrides What sends a request to a share whatever the weights say; the first that fits. Any client may
     *     send it.
     * @param salt Hashed together with keys and cookies; splits of one salt agree. The id of the route if left out.
     */
    record Split(
            List<Share> shares,
            List<HashKey> stickyBy,
            String stickyCookie,
            List<SplitOverride> overrides,
            String salt) {}

    /**
     * Sends a request to one share, whatever the weights say.
     *
     * @param type Which of them.
     * @param name Of header, cookie.
     * @param value Of header, cookie.
     * @param to Of header, cookie.
     */
    record SplitOverride(SplitOverrideType type, String name, String value, String to) {}

    /**
     * Sends a request to one share, whatever the weights say.
     */
    enum SplitOverrideType {
        HEADER,
        COOKIE
    }

    /**
     * How a client keeps the target that answered it first.
     *
     * @param type Which of them.
     * @param name Of cookie, header.
     * @param secret Of cookie, header.
     * @param acceptedSecrets Of cookie, header.
     * @param whenUnavailable Of cookie, header.
     * @param path Of cookie.
     * @param domain Of cookie.
     * @param maxAge Of cookie.
     * @param httpOnly Of cookie.
     * @param sameSite Of cookie.
     * @param secure Of cookie.
     */
    record StickySession(
            StickySessionType type,
            String name,
            String secret,
            List<String> acceptedSecrets,
            WhenUnavailable whenUnavailable,
            String path,
            String domain,
            Duration maxAge,
            Boolean httpOnly,
            SameSite sameSite,
            Secure secure) {}

    /**
     * How a client keeps the target that answered it first.
     */
    enum StickySessionType {
        COOKIE,
        HEADER
    }

    /**
     * Where a pool finds servers beside those that are configured.
     *
     * @param type Which of them.
     * @param path Of file.
     * @param refresh Of file, dns, ref, dns-records, srv.
     * @param url Of dns, dns-records.
     * @param name Of ref, srv.
     * @param resolvers Of dns-records, srv.
     * @param maxRefresh Of dns-records, srv.
     * @param timeout Of dns-records, srv.
     * @param maxTargets Of dns-records, srv.
     */
    record TargetSource(
            TargetSourceType type,
            String path,
            Duration refresh,
            String url,
            String name,
            List<String> resolvers,
            Duration maxRefresh,
            Duration timeout,
            Integer maxTargets) {}

    /**
     * Where a pool finds servers beside those that are configured.
     */
    enum TargetSourceType {
        FILE,
        DNS,
        REF,
        DNS_RECORDS,
        SRV
    }

    /**
     * The deadline of every phase of an exchange; {@code 0s} switches one off.
     *
     * @param requestHead From the first byte of a request's head to its last; 408.
     * @param connect Making a connection to a target; 504.
     * @param responseHead From the last byte of the request sent to the head of the answer; 504.
     * @param middleware What one middleware may take until it goes on or answers; 500.
     * @param attempt One attempt, from picking the target to the head of the answer; 504.
     * @param total The whole exchange; 504, or a cut stream once the response has begun.
     * @param idle Between two reads or writes of a body, on either side; 408, 504 or a cut stream.
     * @param keepAlive How long a client's connection without a request is kept.
     */
    record Timeouts(
            Duration requestHead,
            Duration connect,
            Duration responseHead,
            Duration middleware,
            Duration attempt,
            Duration total,
            Duration idle,
            Duration keepAlive) {}

    /**
     * An edit of the request on its way upstream or of the response on its way back. In values {@code {name}} stands
     *     for a variable of the match.
     *
     * @param type Which of them.
     * @param path Of set-path.
     * @param prefix Of strip-prefix, add-prefix.
     * @param regex Of path-regex.
     * @param replacement Of path-regex, path-template.
     * @param template Of path-template.
     * @param name Of set-query, add-query, remove-query, set-request-header, add-request-header, remove-request-header,
     *     set-request-trailer, add-request-trailer, remove-request-trailer, set-response-header, add-response-header,
     *     remove-response-header, set-response-trailer, add-response-trailer, remove-response-trailer, request-body,
     *     response-body.
     * @param value Of set-query, add-query, set-request-header, add-request-header, set-request-trailer,
     *     add-request-trailer, set-response-header, add-response-header, set-response-trailer, add-response-trailer.
     * @param from Of rewrite-location, rewrite-cookie-domain, rewrite-cookie-path.
     * @param to Of rewrite-location, rewrite-cookie-domain, rewrite-cookie-path.
     * @param maxBytes Of request-body, response-body.
     */
    record Transform(
            TransformType type,
            String path,
            String prefix,
            String regex,
            String replacement,
            String template,
            String name,
            String value,
            String from,
            String to,
            DataSize maxBytes) {}

    /**
     * An edit of the request on its way upstream or of the response on its way back. In values {@code {name}} stands
     *     for a variable of the match.
     */
    enum TransformType {
        SET_PATH,
        STRIP_PREFIX,
        ADD_PREFIX,
        PATH_REGEX,
        PATH_TEMPLATE,
        SET_QUERY,
        ADD_QUERY,
        REMOVE_QUERY,
        SET_REQUEST_HEADER,
        ADD_REQUEST_HEADER,
        REMOVE_REQUEST_HEADER,
        SET_REQUEST_TRAILER,
        ADD_REQUEST_TRAILER,
        REMOVE_REQUEST_TRAILER,
        SET_RESPONSE_HEADER,
        ADD_RESPONSE_HEADER,
        REMOVE_RESPONSE_HEADER,
        SET_RESPONSE_TRAILER,
        ADD_RESPONSE_TRAILER,
        REMOVE_RESPONSE_TRAILER,
        REWRITE_LOCATION,
        REWRITE_COOKIE_DOMAIN,
        REWRITE_COOKIE_PATH,
        REQUEST_BODY,
        RESPONSE_BODY
    }

    /**
     * A named group of servers that answer alike, and how to connect to them.
     *
     * @param name Unique; routes refer to it.
     * @param targets The servers; at least one if there is no {@code targetSource}.
     * @param targetSource Where more servers are found.
     * @param loadBalancer How a server is chosen.
     * @param stickySession How clients keep their server; each request may go to another one if left out.
     * @param spillOverThreshold The percentage of usable servers of a tier, by weight, below which requests go to the
     *     next tier as well; 0: only once none is left.
     * @param zonePreference Whether and how far servers of the proxy's own zone are preferred within their tier.
     * @param healthCheck How the servers are asked whether they are well.
     * @param outlierDetection Which servers are ejected for what becomes of their requests.
     * @param panicThreshold The percentage of usable servers below which unhealthy and ejected ones are used too; 0:
     *     never.
     * @param slowStart How long a server takes to its whole share of requests after a recovery; {@code 0s}: at once.
     * @param hostPolicy Which Host field the servers get: the client's, or their own.
     * @param maxConnectionsPerTarget The most connections to one server, over all I/O threads.
     * @param maxQueued The most exchanges that wait for a connection to one server; 0: none waits.
     * @param queueTimeout How long an exchange waits for a connection before it gets 503.
     * @param idleTimeout How long an unused connection is kept; below the servers' own keep-alive time.
     * @param maxAge The age at which a connection is not used again; {@code 0s}: any age.
     * @param dnsRefresh How often names are resolved again.
     * @param maxResponseHeaderBytes The most bytes that the head of an answer may have.
     * @param circuitBreaker Answers at once with 503 while the whole pool fails; none if left out.
     * @param targetCircuitBreaker Leaves out a server while it fails; none if left out.
     * @param targetConcurrency The most requests under way to one server; only connections are limited if left out.
     * @param maxConcurrentRequests The most requests under way to the whole pool; more get 503 at once. 0: no limit.
     * @param retry Whether a failed attempt is followed by another one.
     */
    record UpstreamPool(
            String name,
            List<String> targets,
            TargetSource targetSource,
            LoadBalancer loadBalancer,
            StickySession stickySession,
            Integer spillOverThreshold,
            ZonePreference zonePreference,
            HealthCheck healthCheck,
            OutlierDetection outlierDetection,
            Integer panicThreshold,
            Duration slowStart,
            HostPolicy hostPolicy,
            Integer maxConnectionsPerTarget,
            Integer maxQueued,
            Duration queueTimeout,
            Duration idleTimeout,
            Duration maxAge,
            Duration dnsRefresh,
            DataSize maxResponseHeaderBytes,
            CircuitBreaker circuitBreaker,
            CircuitBreaker targetCircuitBreaker,
            ConcurrencyLimit targetConcurrency,
            Integer maxConcurrentRequests,
            RetryPolicy retry) {}

    /**
     * How TLS is spoken to a server behind the proxy.
     *
     * @param verifyCertificate Whether the server must prove who it is; {@code false} trusts anybody who answers.
     * @param trustedCertificates A PEM file with the authorities to trust; empty: those that the JVM trusts.
     * @param serverName The name that the server is asked for and must prove; empty: its own.
     */
    record UpstreamTls(Boolean verifyCertificate, String trustedCertificates, String serverName) {}

    /**
     * What becomes of a request whose target may not be used: another target, or 503.
     */
    enum WhenUnavailable {
        REDISTRIBUTE,
        FAIL
    }

    /**
     * Whether and how far servers of the proxy's own zone are preferred within their tier.
     *
     * @param enabled Whether they are.
     * @param trafficPercent The share of all requests to the pool that comes through proxies of this zone; 0: the same
     *     for each zone.
     * @param minTargets The least servers of its own zone that a tier must have for it.
     */
    record ZonePreference(Boolean enabled, Integer trafficPercent, Integer minTargets) {}
}
