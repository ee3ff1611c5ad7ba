package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.Body;
import io.fairlead.proxy.http.Headers;
import io.fairlead.proxy.http.HttpVersion;
import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.internal.engine.client.ClientPool;
import io.fairlead.proxy.internal.engine.loop.IoLoop;
import io.fairlead.proxy.internal.engine.transfer.BodySink;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.forward.Forward;
import io.fairlead.proxy.internal.forward.ForwardListener;
import io.fairlead.proxy.internal.forward.OutgoingRequest;
import io.fairlead.proxy.internal.forwarded.ClientResolver;
import io.fairlead.proxy.internal.forwarded.ResolvedClient;
import io.fairlead.proxy.internal.http.FieldId;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.internal.http.RequestHead;
import io.fairlead.proxy.internal.http.ResponseHead;
import io.fairlead.proxy.internal.response.ErrorBody;
import io.fairlead.proxy.internal.route.PathNormalizer;
import io.fairlead.proxy.internal.route.RouteMatch;
import io.fairlead.proxy.internal.time.TimerWheel;
import io.fairlead.proxy.internal.transform.BodyEdit;
import io.fairlead.proxy.internal.transform.TrailerEdits;
import io.fairlead.proxy.internal.transform.TransformPlan;
import io.fairlead.proxy.middleware.ExchangeFailedException;
import io.fairlead.proxy.observe.ExchangeListener;
import io.fairlead.proxy.observe.ExchangeRecord;
import io.fairlead.proxy.resilience.Timeouts;
import io.fairlead.proxy.upstream.Target;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request with its response, on its way through the rooms. Made for one request and never used again, so that user
 * code that keeps it can never see another one's. On one I/O thread, but for the accessors, which user code may call
 * from another thread while its stage is not complete.
 *
 * <ol>
 *   <li>{@link #start}: find the route, check what the route limits;
 *   <li>run the middleware, if there is any ({@link ChainRun}); without any no future is made;
 *   <li>{@link #terminal}: edit the request, then forward it, call the functional upstream, or answer;
 *   <li>{@link #send}: edit the response and hand its head and body to the client's stream;
 *   <li>{@link #responseSent}, {@link #clientGone} or {@link #clientFailed}: the end, told once.
 * </ol>
 *
 * <p>A failure before the response has begun becomes an answer ({@link #fail}); after that the response is cut.
 */
public final class ProxyExchange implements Exchange, Request, OutgoingRequest, ForwardListener {

    private static final Logger LOG = LoggerFactory.getLogger(ProxyExchange.class);

    /** What tells of the bytes of a body, and is wrong once these are others. */
    private static final String[] DIGESTS = {"Content-MD5", "Digest", "Content-Digest", "Repr-Digest"};

    private static final String[] VALIDATORS = {
        "ETag", "Content-MD5", "Digest", "Content-Digest", "Repr-Digest", "Accept-Ranges"
    };

    private final ClientStream stream;
    private final IoLoop loop;
    private final RequestHead head;
    private final Snapshot snapshot;
    private final EngineServices services;
    private final @Nullable ClientResolver trust;
    private final long startNanos;

    private @Nullable RoutePlan plan;
    private Map<String, String> variables = Map.of();
    private @Nullable ResolvedClient resolvedClient;
    private @Nullable String newTarget;
    private @Nullable String normalizedPath;
    private @Nullable String host;
    private @Nullable Body body;
    private boolean bodyReplaced;
    private @Nullable BodySource outgoing;
    private boolean requestEdited;
    private long id;
    private @Nullable Map<String, Object> attributes;
    private @Nullable List<Runnable> cancelActions;
    private @Nullable TotalTimer totalTimer;

    private @Nullable ChainRun chain;
    private @Nullable Forward forward;
    private int earlierAttempts;
    private @Nullable CompletableFuture<Response> terminal;
    private @Nullable BodySource responseSource;
    private @Nullable StreamBody requestView;
    private @Nullable StreamBody answerView;
    private @Nullable HeldTimer heldTimer;
    private boolean responded;
    private boolean failed;
    private boolean over;
    private boolean cancelled;
    private @Nullable FailureCode failure;
    private @Nullable String failureDetail;
    private long connectedNanos;
    private long responseNanos;

    /** @param trust reads what a trusted peer says of the client; null if the peer is not trusted */
    public ProxyExchange(
            ClientStream stream,
            RequestHead head,
            Snapshot snapshot,
            EngineServices services,
            @Nullable ClientResolver trust) {
        this.stream = stream;
        this.loop = stream.loop();
        this.head = head;
        this.snapshot = snapshot;
        this.services = services;
        this.trust = trust;
        this.startNanos = loop.now();
    }

    // ---- 1. the route

    /** Begins; may be over when it returns. */
    public void start() {
        try {
            route();
        } catch (RuntimeException | Error e) {
            LOG.error("an exchange failed", e);
            fail(FailureCode.INTERNAL_ERROR, e.toString());
        }
    }

    private void route() {
        RouteMatch match = snapshot.routes().find(this, client().getAddress());
        if (!match.found()) {
            if (match.allowedMethods().isEmpty()) {
                fail(FailureCode.ROUTE_NOT_FOUND, "no route");
            } else {
                methodNotAllowed(String.join(", ", match.allowedMethods()));
            }
            return;
        }
        variables = match.variables();
        RoutePlan chosen = snapshot.plans().get(match.index());
        plan = chosen;
        if (chosen.maxBodyBytes() >= 0) {
            stream.maxBodyBytes(chosen.maxBodyBytes());
        }
        if (!stream.acceptsLength(head.contentLength())) {
            fail(FailureCode.CLIENT_BODY_TOO_LARGE, "Content-Length: " + head.contentLength());
            return;
        }
        Duration total = chosen.timeouts().total();
        if (!total.isZero()) {
            TotalTimer timer = new TotalTimer(startNanos + total.toNanos());
            totalTimer = timer;
            loop.schedule(timer, timer.deadline);
        }
        if (chosen.middleware().isEmpty()) {
            terminal(null);
        } else {
            ChainRun run = new ChainRun(this, chosen.middleware(), services.blocking());
            chain = run;
            run.start();
        }
    }

    private void methodNotAllowed(String allowed) {
        HeaderBlock fields = new HeaderBlock();
        fields.add("Allow", allowed);
        failFinal(FailureCode.ROUTE_METHOD_NOT_ALLOWED, "the route allows " + allowed, fields);
    }

    IoLoop loop() {
        return loop;
    }

    boolean isOver() {
        return over;
    }

    /** Runs a step on the loop; what it throws fails the exchange instead of leaving it without an end. */
    void onLoop(Runnable step) {
        loop.execute(() -> {
            try {
                step.run();
            } catch (RuntimeException | Error e) {
                LOG.error("an exchange failed", e);
                fail(code(e, FailureCode.INTERNAL_ERROR), e.toString());
            }
        });
    }

    // ---- 2. the end of the chain

    /**
     * Answers the request at the end of the chain.
     *
     * @param result where the response goes if middleware waits for it; null to send it at once
     */
    void terminal(@Nullable CompletableFuture<Response> result) {
        RoutePlan chosen = plan;
        if (over || responded || chosen == null) {
            if (result != null) {
                result.completeExceptionally(ended());
            }
            return;
        }
        terminal = result;
        stopRequest();
        try {
            edit(chosen);
        } catch (RuntimeException | Error e) {
            LOG.error("an exchange failed", e);
            settleFailure(code(e, FailureCode.INTERNAL_ERROR), e.toString());
        }
    }

    private ExchangeFailedException ended() {
        FailureCode code = failure;
        String detail = failureDetail;
        return new ExchangeFailedException(
                code == null ? FailureCode.MIDDLEWARE_FAILED : code, detail == null ? "the exchange is over" : detail);
    }

    /**
     * Why the end of the chain cannot be reached again; null if it can. Nothing may be left of the first time: no
     * answer that holds a connection, and no request body that is gone.
     */
    @Nullable
    String whyNotAgain() {
        if (over || responded) {
            return "proceed was called after the exchange was over";
        }
        Forward before = forward;
        if (terminal != null || before != null && before.isOpen()) {
            return "proceed was called twice, and the first response was not read to its end or discarded";
        }
        if (body == null ? head.hasBody() && outgoing != null : !body.isReplayable() && !isUntouched(body)) {
            return "proceed was called twice, and the request body cannot be read again";
        }
        return null;
    }

    private static boolean isUntouched(Body given) {
        Body body = given instanceof EditedTrailersBody edited ? edited.unedited() : given;
        return body instanceof StreamBody handle && !handle.isTaken();
    }

    private void edit(RoutePlan chosen) {
        TransformPlan transforms = chosen.transforms();
        // What is sent a second time was edited before.
        if (!transforms.isEmpty() && !requestEdited) {
            requestEdited = true;
            if (transforms.hasRequestEdits()) {
                try {
                    transforms.editRequest(this, variables);
                } catch (RuntimeException e) {
                    settleFailure(FailureCode.TRANSFORM_FAILED, e.toString());
                    return;
                }
            }
            TrailerEdits trailers = transforms.requestTrailers();
            if (trailers != null && chosen.handler() != null && outgoingLength() != 0) {
                // On its way to a pool the body is not touched for its trailers, see outgoingBody().
                body(new EditedTrailersBody(body(), trailers, variables));
            }
            BodyEdit edit = transforms.requestBody();
            if (edit != null && head.hasBody()) {
                edit.apply(body())
                        .whenComplete((edited, problem) -> onLoop(() -> {
                            if (problem != null) {
                                Throwable cause = unwrap(problem);
                                if (cause instanceof io.fairlead.proxy.http.BodyTooLargeException) {
                                    fail(FailureCode.CLIENT_BODY_TOO_LARGE, cause.toString());
                                } else {
                                    settleFailure(code(cause, FailureCode.TRANSFORM_FAILED), cause.toString());
                                }
                            } else {
                                body(edited);
                                answer(chosen);
                            }
                        }));
                return;
            }
        }
        answer(chosen);
    }

    private void answer(RoutePlan chosen) {
        if (over || responded) {
            return;
        }
        ClientPool pool = chosen.pool();
        if (pool != null) {
            if (bodyReplaced) {
                for (String name : DIGESTS) {
                    head.remove(name);
                }
            } else if (body instanceof StreamBody handle && handle.isTaken()) {
                settleFailure(
                        FailureCode.MIDDLEWARE_FAILED,
                        "the request body was read or discarded by middleware of route \"" + chosen.routeId()
                                + "\", and no other was put in its place");
                return;
            }
            Forward before = forward;
            if (before != null) {
                earlierAttempts += before.attempts();
            }
            Forward begun = new Forward(loop, pool, this, this);
            forward = begun;
            begun.start();
        } else if (chosen.handler() != null) {
            CompletionStage<Response> stage;
            try {
                stage = chosen.handler().apply(this);
            } catch (RuntimeException | Error e) {
                LOG.warn("the handler of route {} failed", chosen.routeId(), e);
                settleFailure(code(e, FailureCode.HANDLER_FAILED), e.toString());
                return;
            }
            if (stage == null) {
                settleFailure(FailureCode.HANDLER_FAILED, "the handler returned null");
                return;
            }
            stage.whenComplete((response, problem) -> onLoop(() -> {
                if (problem != null) {
                    Throwable cause = unwrap(problem);
                    LOG.warn("the handler of route {} failed", chosen.routeId(), cause);
                    settleFailure(code(cause, FailureCode.HANDLER_FAILED), cause.toString());
                } else if (response == null) {
                    settleFailure(FailureCode.HANDLER_FAILED, "the handler gave no response");
                } else {
                    editAndSettle(response);
                }
            }));
        } else if (LocalAnswers.needsHost(chosen.answer()) && host().isEmpty()) {
            // HTTP/1.0 knows requests without Host. Our own address in its place would tell strangers of the inside.
            settleFailure(FailureCode.CLIENT_BAD_HOST, "the redirect names the request's host, and there is none");
        } else {
            editAndSettle(LocalAnswers.of(chosen.answer(), this, variables));
        }
    }

    /** Runs the response edits on a response object, then hands it on. */
    private void editAndSettle(Response given) {
        RoutePlan chosen = plan;
        TransformPlan transforms = chosen == null ? null : chosen.transforms();
        if (chosen == null || transforms == null || transforms.isEmpty()) {
            settle(given);
            return;
        }
        Response response = given;
        if (chosen.handler() != null && transforms.hasResponseEdits()) {
            // A handler may give the same object again and again, to several threads at once.
            HeaderBlock own = new HeaderBlock();
            given.headers().forEach(own::add);
            response = Response.of(given.status(), own, given.body());
        }
        try {
            if (transforms.hasResponseEdits()) {
                transforms.editResponse(response.headers(), variables);
            }
        } catch (RuntimeException e) {
            response.body().discard();
            settleFailure(FailureCode.TRANSFORM_FAILED, e.toString());
            return;
        }
        TrailerEdits trailers = transforms.responseTrailers();
        Response edited = trailers == null
                ? response
                : response.withBody(new EditedTrailersBody(response.body(), trailers, variables));
        BodyEdit edit = transforms.responseBody();
        if (edit == null || edited.body() == Body.empty()) {
            settle(edited);
            return;
        }
        edit.apply(edited.body())
                .whenComplete((newBody, problem) -> onLoop(() -> {
                    if (problem != null) {
                        Throwable cause = unwrap(problem);
                        settleFailure(code(cause, FailureCode.TRANSFORM_FAILED), cause.toString());
                    } else {
                        settle(edited.withBody(newBody));
                    }
                }));
    }

    /** The response of the end of the chain: to the middleware that waits, or out. */
    private void settle(Response response) {
        CompletableFuture<Response> waiting = terminal;
        if (waiting != null) {
            terminal = null;
            if (!waiting.complete(response)) {
                response.body().discard();
            }
        } else {
            send(response);
        }
    }

    private void settleFailure(FailureCode code, String detail) {
        CompletableFuture<Response> waiting = terminal;
        if (waiting != null && !over) {
            terminal = null;
            waiting.completeExceptionally(new ExchangeFailedException(code, detail));
        } else {
            fail(code, detail);
        }
    }

    static Throwable unwrap(Throwable problem) {
        Throwable cause = problem;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    static FailureCode code(Throwable problem, FailureCode otherwise) {
        return problem instanceof ExchangeFailedException failed ? failed.code() : otherwise;
    }

    // ---- 3. forwarding

    @Override
    public int composeHead(Target target) {
        RoutePlan chosen = plan;
        ClientPool pool = chosen == null ? null : chosen.pool();
        if (chosen == null || pool == null) {
            throw new IllegalStateException("not routed");
        }
        byte[] authority = chosen.authorities().getOrDefault(target.url(), new byte[0]);
        return snapshot.composer()
                .compose(
                        loop,
                        head,
                        newTarget,
                        pool.config().hostPolicy(),
                        authority,
                        stream.forwardedLines(),
                        stream.peer(),
                        stream.scheme(),
                        trust != null,
                        outgoingLength(),
                        bodyReplaced);
    }

    @Override
    public @Nullable BodySource outgoingBody() {
        BodySource known = outgoing;
        if (known != null) {
            return known;
        }
        Body current = body;
        if (current == null) {
            known = head.hasBody() ? stream.requestBody() : null;
        } else if (current instanceof StreamBody untouched && !bodyReplaced) {
            known = untouched.take();
            if (known == null) {
                throw new ExchangeFailedException(
                        FailureCode.MIDDLEWARE_FAILED, "the request body was read and not replaced");
            }
        } else {
            known = new PublisherSource(loop, current, FailureCode.MIDDLEWARE_FAILED);
        }
        TrailerEdits trailers = requestTrailers();
        if (known != null && trailers != null) {
            known = new EditedTrailersSource(known, trailers, variables);
        }
        outgoing = known;
        return known;
    }

    @Override
    public long outgoingLength() {
        Body current = body;
        long length = current != null && bodyReplaced
                ? current.length().orElse(-1)
                : head.chunked() ? -1 : Math.max(0, head.contentLength());
        TrailerEdits trailers = requestTrailers();
        // Trailers need the chunked coding (RFC 9112 §7.1.2). What has no body stays without: a GET that is sent
        // chunked would be another request.
        return length != 0 && trailers != null && trailers.adding() ? -1 : length;
    }

    private @Nullable TrailerEdits requestTrailers() {
        RoutePlan chosen = plan;
        return chosen == null ? null : chosen.transforms().requestTrailers();
    }

    @Override
    public boolean bodyIsOfUserCode() {
        return bodyReplaced;
    }

    @Override
    public boolean isHead() {
        return head.method().equals("HEAD");
    }

    @Override
    public boolean isIdempotent() {
        return head.idempotent();
    }

    @Override
    public Timeouts timeouts() {
        RoutePlan chosen = plan;
        return chosen == null ? snapshot.timeouts() : chosen.timeouts();
    }

    @Override
    public void forwarded() {
        connectedNanos = loop.now();
    }

    @Override
    public void interim(ResponseHead interimHead) {
        if (!over && !responded) {
            removeNominated(interimHead);
            stream.interim(interimHead.status(), interimHead);
        }
    }

    @Override
    public void answered(ResponseHead answer, BodySource answerBody, long bodyLength) {
        responseNanos = loop.now();
        if (over || responded) {
            answerBody.cancel();
            return;
        }
        RoutePlan chosen = plan;
        removeNominated(answer);
        if (terminal == null && (chosen == null || chosen.transforms().isEmpty())) {
            begin(
                    answer.status(),
                    answer,
                    answer,
                    bodyLength == 0 ? null : answerBody,
                    bodyLength,
                    answer.contentLength());
            return;
        }
        if (bodyLength == 0) {
            editAndSettle(Response.of(answer.status(), answer, Body.empty()));
            return;
        }
        StreamBody view = new StreamBody(loop, answerBody, bodyLength, () -> {}, this::readerFailed);
        answerView = view;
        editAndSettle(Response.of(answer.status(), answer, view));
        if (!over && !responded) {
            timeHeld();
        }
    }

    /**
     * An answer that middleware neither reads nor sends keeps its upstream's connection from all others, and nobody else
     * bounds that: the upstream has done its part, and the client cannot know.
     */
    private void timeHeld() {
        Duration limit = timeouts().middleware();
        if (!limit.isZero()) {
            HeldTimer timer = heldTimer;
            if (timer == null) {
                timer = new HeldTimer();
                heldTimer = timer;
            }
            loop.schedule(timer, loop.now() + limit.toNanos());
        }
    }

    @Override
    public void forwardFailed(FailureCode code, String detail) {
        if (code.side() == FailureCode.Side.UPSTREAM) {
            LOG.debug("{} {}: {} {}", head.method(), head.target(), code, detail);
        }
        settleFailure(code, detail);
    }

    // ---- 4. the response

    private static void removeNominated(HeaderBlock fields) {
        for (int i = fields.find(FieldId.CONNECTION); i >= 0; i = fields.findAfter(i, FieldId.CONNECTION)) {
            fields.removeNominated(i);
        }
    }

    /** Sends what the chain made, on the loop. */
    void send(Response response) {
        if (over || responded) {
            response.body().discard();
            return;
        }
        HeaderBlock fields = HeaderBlock.of(response.headers());
        ResponseHead upstream = fields instanceof ResponseHead answer ? answer : null;
        Body given = response.body();
        boolean same = upstream != null && upstream.status() == response.status();
        if (given instanceof StreamBody untouched && untouched != body) {
            BodySource source = untouched.take();
            if (source == null) {
                fail(FailureCode.MIDDLEWARE_FAILED, "the response body was read and not replaced");
                return;
            }
            long length = untouched.length().orElse(-1);
            begin(response.status(), same ? upstream : null, fields, source, length, length);
            return;
        }
        if (given == Body.empty()) {
            long declared =
                    upstream != null && same && (isHead() || response.status() == 304) ? upstream.contentLength() : 0;
            begin(response.status(), same ? upstream : null, fields, null, 0, declared);
            return;
        }
        if (upstream != null) {
            for (String name : VALIDATORS) {
                fields.remove(name);
            }
        }
        FailureCode blamed = chain == null ? FailureCode.HANDLER_FAILED : FailureCode.MIDDLEWARE_FAILED;
        PublisherSource source = new PublisherSource(loop, given, blamed);
        if (!isBodiless(response.status())) {
            try {
                source.open();
            } catch (RuntimeException e) {
                // Nothing is out yet, so that it can still be told with a status.
                fail(blamed, "the response body: " + e.getMessage());
                return;
            }
        }
        long length = given.length().orElse(-1);
        begin(response.status(), same ? upstream : null, fields, source, length, length);
    }

    private boolean isBodiless(int status) {
        return isHead() || status == 204 || status == 304;
    }

    private void begin(
            int status,
            @Nullable ResponseHead upstream,
            HeaderBlock fields,
            @Nullable BodySource source,
            long length,
            long declared) {
        responded = true;
        stopHeldTimer();
        if (responseNanos == 0) {
            responseNanos = loop.now();
        }
        boolean bodiless = isBodiless(status);
        long declaredLength = status == 204 ? -1 : declared;
        if (bodiless && source != null) {
            source.cancel();
        }
        if (bodiless || source == null || length == 0) {
            BodySink sink = stream.respond(status, upstream, fields, 0, declaredLength, false);
            if (source != null && !bodiless) {
                source.cancel();
            }
            sink.end(null);
            return;
        }
        BodySink sink = stream.respond(status, upstream, fields, length, declaredLength, false);
        responseSource = source;
        sink.feed(source);
        source.attach(sink);
    }

    // ---- failures

    /** Fails the exchange for good: with an answer if the response has not begun, else by cutting it. */
    public void fail(FailureCode code, String detail) {
        failFinal(code, detail, new HeaderBlock());
    }

    private void failFinal(FailureCode code, String detail, HeaderBlock fields) {
        // What fails because of an earlier failure tells nothing new, and must not cut that one's answer.
        if (over || failed) {
            return;
        }
        failed = true;
        failure = code;
        failureDetail = detail;
        Forward begun = forward;
        if (begun != null) {
            begun.cancel();
        }
        if (responded) {
            end(0);
            stopResponse();
            stream.cut();
            releaseWaiting(code, detail);
            return;
        }
        responded = true;
        ErrorBody error = ErrorBody.of(code, head.first("Accept").orElse(null));
        fields.add("Content-Type", error.contentType());
        if (snapshot.config().failureHeader()) {
            fields.add("Fairlead-Failure", code.name());
        }
        if (!stream.requestComplete()) {
            stream.requestBody().cancel();
        }
        byte[] text = error.bytes();
        // Who sends a request that is refused for itself loses the connection; a route or an upstream that fails is not
        // the client's fault.
        boolean close = code.side() == FailureCode.Side.CLIENT || code == FailureCode.PROXY_STOPPING;
        BodySink sink = stream.respond(code.status(), null, fields, isHead() ? 0 : text.length, text.length, close);
        if (isHead()) {
            sink.end(null);
        } else {
            java.nio.ByteBuffer buffer = loop.take();
            buffer.put(text).flip().position(IoLoop.HEADROOM);
            if (sink.write(buffer, true)) {
                loop.give(buffer);
            }
        }
        releaseWaiting(code, detail);
    }

    private void releaseWaiting(FailureCode code, String detail) {
        completeWaiting(code, detail);
        runCancelActions();
    }

    /** Middleware that waits for the upstream's answer must not wait for ever, above all not if it blocks a thread. */
    private void completeWaiting(FailureCode code, String detail) {
        CompletableFuture<Response> waiting = terminal;
        if (waiting != null) {
            terminal = null;
            waiting.completeExceptionally(new ExchangeFailedException(code, detail));
        }
    }

    /** The client's stream failed and nobody can be answered. */
    public void clientFailed(FailureCode code, String detail) {
        if (over) {
            return;
        }
        failure = code;
        failureDetail = detail;
        Forward begun = forward;
        if (begun != null) {
            begun.cancel();
        }
        end(code.status());
        stopResponse();
        releaseWaiting(code, detail);
    }

    /** The client went away. */
    public void clientGone(String detail) {
        clientFailed(FailureCode.CLIENT_GONE, detail);
    }

    private void stopResponse() {
        BodySource source = responseSource;
        if (source != null) {
            responseSource = null;
            source.cancel();
        }
        stopRequest();
    }

    private void stopRequest() {
        BodySource request = outgoing;
        if (request != null) {
            outgoing = null;
            request.cancel();
        }
    }

    private void runCancelActions() {
        cancelled = true;
        List<Runnable> actions = cancelActions;
        cancelActions = null;
        if (actions != null) {
            for (Runnable action : actions) {
                runCancelAction(action);
            }
        }
    }

    private static void runCancelAction(Runnable action) {
        try {
            action.run();
        } catch (RuntimeException | Error e) {
            LOG.warn("a cancel action failed", e);
        }
    }

    // ---- 5. the end

    /** The last byte of the response is out. */
    public void responseSent(int status) {
        Forward begun = forward;
        if (begun != null) {
            // Only what is left: a request that middleware did not wait for, an answer that it threw away.
            begun.cancel();
        }
        responseSource = null;
        stopRequest();
        end(status);
        FailureCode reason = failure == null ? FailureCode.MIDDLEWARE_FAILED : failure;
        completeWaiting(reason, "the exchange is over");
    }

    private void end(int status) {
        if (over) {
            return;
        }
        over = true;
        TotalTimer timer = totalTimer;
        if (timer != null) {
            loop.remove(timer);
        }
        stopHeldTimer();
        ChainRun run = chain;
        if (run != null) {
            run.stop();
        }
        FailureCode reason = failure == null ? FailureCode.MIDDLEWARE_FAILED : failure;
        if (requestView != null) {
            requestView.over(reason);
        }
        if (answerView != null) {
            answerView.discard();
            answerView.over(reason);
        }
        if (!services.listeners().isEmpty()) {
            ExchangeRecord done = toRecord(status);
            for (ExchangeListener listener : services.listeners()) {
                try {
                    listener.onComplete(done);
                } catch (RuntimeException | Error e) {
                    LOG.warn("an exchange listener failed", e);
                }
            }
        }
    }

    private ExchangeRecord toRecord(int status) {
        Forward begun = forward;
        Target target = begun == null ? null : begun.target();
        return new ExchangeRecord(
                id(),
                client(),
                head.method(),
                head.target(),
                host(),
                routeId(),
                Optional.ofNullable(begun).map(Forward::poolName),
                Optional.ofNullable(target).map(Target::url),
                earlierAttempts + (begun == null ? 0 : begun.attempts()),
                status,
                Optional.ofNullable(failure),
                Optional.ofNullable(failureDetail),
                stream.requestBytes(),
                stream.responseBytes(),
                startedAt(),
                new ExchangeRecord.Timings(
                        since(connectedNanos), since(responseNanos), Duration.ofNanos(loop.now() - startNanos)));
    }

    private Optional<Duration> since(long nanos) {
        return nanos == 0 ? Optional.empty() : Optional.of(Duration.ofNanos(nanos - startNanos));
    }

    private final class TotalTimer extends TimerWheel.Timer {
        private final long deadline;

        TotalTimer(long deadline) {
            this.deadline = deadline;
        }

        @Override
        protected void fire(long now) {
            ChainRun run = chain;
            String where = run == null || responded ? "" : run.where();
            fail(FailureCode.TOTAL_TIMEOUT, "not over within " + timeouts().total() + where);
        }
    }

    private final class HeldTimer extends TimerWheel.Timer {
        @Override
        protected void fire(long now) {
            StreamBody view = answerView;
            // Once the client has the answer's head, its own deadline holds.
            if (over || responded || view == null) {
                return;
            }
            Duration limit = timeouts().middleware();
            long deadline = (view.isHeld() ? view.heldSince() : now) + limit.toNanos();
            if (now - deadline >= 0) {
                fail(
                        FailureCode.MIDDLEWARE_FAILED,
                        "middleware neither read nor sent the body of the upstream's answer for " + limit);
            } else {
                loop.schedule(this, deadline);
            }
        }
    }

    private void stopHeldTimer() {
        HeldTimer timer = heldTimer;
        if (timer != null) {
            heldTimer = null;
            loop.remove(timer);
        }
    }

    // ---- what user code sees

    @Override
    public long id() {
        if (id == 0) {
            id = services.exchangeIds().incrementAndGet();
        }
        return id;
    }

    @Override
    public Request request() {
        return this;
    }

    @Override
    public Optional<String> routeId() {
        return Optional.ofNullable(plan).map(RoutePlan::routeId);
    }

    @Override
    public Map<String, String> variables() {
        return variables;
    }

    private @Nullable ResolvedClient resolved() {
        ResolvedClient known = resolvedClient;
        ClientResolver trusted = trust;
        if (known == null && trusted != null) {
            known = trusted.resolve(stream.peer(), stream.scheme(), head);
            resolvedClient = known;
        }
        return known;
    }

    @Override
    public InetSocketAddress client() {
        ResolvedClient known = resolved();
        return known == null ? stream.peer() : known.client();
    }

    @Override
    public InetSocketAddress peer() {
        return stream.peer();
    }

    @Override
    public InetSocketAddress local() {
        return stream.local();
    }

    @Override
    public Instant startedAt() {
        return loop.wallTime(startNanos);
    }

    @Override
    public Optional<Duration> remaining() {
        TotalTimer timer = totalTimer;
        if (timer == null) {
            return Optional.empty();
        }
        return over
                ? Optional.of(Duration.ZERO)
                : Optional.of(Duration.ofNanos(Math.max(0, timer.deadline - System.nanoTime())));
    }

    @Override
    public Optional<Object> attribute(String key) {
        Map<String, Object> known = attributes;
        return known == null ? Optional.empty() : Optional.ofNullable(known.get(key));
    }

    @Override
    public void attribute(String key, Object value) {
        Map<String, Object> known = attributes;
        if (known == null) {
            known = new HashMap<>();
            attributes = known;
        }
        known.put(key, value);
    }

    @Override
    public void onCancel(Runnable action) {
        loop.execute(() -> {
            if (cancelled) {
                runCancelAction(action);
            } else if (!over) {
                if (cancelActions == null) {
                    cancelActions = new ArrayList<>(1);
                }
                cancelActions.add(action);
            }
        });
    }

    @Override
    public String method() {
        return head.method();
    }

    @Override
    public String target() {
        return newTarget == null ? head.target() : newTarget;
    }

    @Override
    public Request target(String target) {
        if (target.isEmpty() || target.charAt(0) != '/') {
            throw new IllegalArgumentException("target: \"" + target + "\" (expected: begins with /)");
        }
        for (int i = 0; i < target.length(); i++) {
            char c = target.charAt(i);
            if (c <= ' ' || c >= 127 || c == '#') {
                throw new IllegalArgumentException("target: \"" + target + "\" (expected: visible ASCII without #)");
            }
        }
        newTarget = target;
        return this;
    }

    @Override
    public String path() {
        String target = target();
        int question = target.indexOf('?');
        return question < 0 ? target : target.substring(0, question);
    }

    @Override
    public Optional<String> query() {
        String target = target();
        int question = target.indexOf('?');
        return question < 0 ? Optional.empty() : Optional.of(target.substring(question + 1));
    }

    @Override
    public String normalizedPath() {
        String known = normalizedPath;
        if (known == null) {
            String target = head.target();
            int question = target.indexOf('?');
            known = PathNormalizer.normalize(question < 0 ? target : target.substring(0, question));
            normalizedPath = known;
        }
        return known;
    }

    @Override
    public String host() {
        String known = host;
        if (known == null) {
            String field = head.get(FieldId.HOST);
            String name = field == null ? "" : field;
            int bracket = name.indexOf(']');
            int colon = name.indexOf(':', Math.max(bracket, 0));
            known = (colon < 0 ? name : name.substring(0, colon)).toLowerCase(Locale.ROOT);
            host = known;
        }
        return known;
    }

    @Override
    public String scheme() {
        ResolvedClient known = resolved();
        return known == null ? stream.scheme() : known.scheme();
    }

    @Override
    public HttpVersion version() {
        return head.version();
    }

    @Override
    public Headers headers() {
        return head;
    }

    @Override
    public Body body() {
        Body known = body;
        if (known == null) {
            if (head.hasBody()) {
                StreamBody view = new StreamBody(
                        loop, new RequestBody(), head.contentLength(), this::askForBody, this::readerFailed);
                requestView = view;
                known = view;
            } else {
                known = Body.empty();
            }
            body = known;
        }
        return known;
    }

    private void readerFailed(Throwable problem) {
        LOG.warn("a reader of a body failed", problem);
        fail(code(problem, FailureCode.MIDDLEWARE_FAILED), "the reader of a body: " + problem);
    }

    private void askForBody() {
        if (!over) {
            stream.askForBody();
        }
    }

    /**
     * The client's body for as long as the exchange lasts. After that the connection carries other requests, and whoever
     * kept the body must not read or cancel theirs.
     */
    private final class RequestBody implements BodySource {

        @Override
        public void attach(BodySink sink) {
            if (over) {
                sink.abort(FailureCode.CLIENT_GONE, "the exchange is over");
            } else {
                stream.requestBody().attach(sink);
            }
        }

        @Override
        public void resume() {
            if (!over) {
                stream.requestBody().resume();
            }
        }

        @Override
        public void cancel() {
            if (!over) {
                stream.requestBody().cancel();
            }
        }
    }

    @Override
    public Request body(Body newBody) {
        if (newBody != body()) {
            body = newBody;
            bodyReplaced = true;
            BodySource running = outgoing;
            outgoing = null;
            if (running != null) {
                loop.execute(() -> {
                    // After the exchange the client's connection carries other requests.
                    if (!over) {
                        running.cancel();
                    }
                });
            }
        }
        return this;
    }

    @Override
    public String toString() {
        return head.method() + " " + head.target();
    }
}
