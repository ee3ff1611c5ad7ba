package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.exchange.FallbackCause;
import io.fairlead.proxy.http.Body;
import io.fairlead.proxy.http.BodyTooLargeException;
import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.internal.engine.loop.RareLog;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.forward.Forward;
import io.fairlead.proxy.internal.forward.ForwardListener;
import io.fairlead.proxy.internal.forwarded.ClientResolver;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.internal.http.RequestHead;
import io.fairlead.proxy.internal.http.ResponseHead;
import io.fairlead.proxy.internal.response.ErrorBody;
import io.fairlead.proxy.internal.response.ErrorPages;
import io.fairlead.proxy.internal.transform.BodyEdit;
import io.fairlead.proxy.internal.transform.TrailerEdits;
import io.fairlead.proxy.internal.transform.TransformPlan;
import io.fairlead.proxy.internal.upstream.RunningPool;
import io.fairlead.proxy.middleware.ExchangeFailedException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The end of the chain: from the request that the last middleware let go on to the response that the first one gets, or
 * the client at once if there is no middleware. On the exchange's loop.
 *
 * <ol>
 *   <li>{@link #terminal}: the chain hands the request over; {@link #whyNotAgain} says whether it may a second time;
 *   <li>{@link #edit} it, once;
 *   <li>{@link #answer}: forward it, call the functional upstream, or answer from the route itself;
 *   <li>{@link #answered}, or {@link #forwardFailed}: what the upstream says to it; if that is a failure, {@link #fallBack} may
 *       let something else answer;
 *   <li>{@link #editAndSettle}: edit the response, and hand it to the middleware that waits;
 *   <li>{@link #send}: what the chain made of it, or nobody waited for, goes to the client.
 * </ol>
 *
 * <p>An upstream's answer that nobody waits for and nothing edits goes from the fourth step straight to the client.
 */
abstract class RoutedExchange extends UpstreamRequest implements Exchange, ForwardListener {

    private static final Logger LOG = LoggerFactory.getLogger(RoutedExchange.class);
    private static final RareLog FAILED = new RareLog(LOG, "an exchange failed");
    private static final RareLog FAILED_ON_ITS_WAY = new RareLog(LOG, "an exchange failed");

    /** When a client should come again that found all connections in use. */
    private static final int QUEUE_RETRY_SECONDS = 1;

    final ClientResponse response;
    /** The forwarding under way, or the last one. */
    @Nullable
    Forward forward;

    /** How many fallbacks were asked, the last of which answers. */
    private int fallbacksAsked;

    private @Nullable FallbackCause fallbackCause;

    /** Attempts of the forwardings before that. */
    private int earlierAttempts;

    /** How many built-ins at the beginning of the middleware let the request go on, and see the response. */
    int builtInsPassed;

    private boolean requestEdited;
    private @Nullable CompletableFuture<Response> terminal;
    private @Nullable StreamBody answerView;
    private @Nullable HeldTimer heldTimer;
    private long connectedNanos;
    private int retryAfterSeconds;

    RoutedExchange(ClientStream stream, RequestHead head, Snapshot snapshot, @Nullable ClientResolver trust) {
        super(stream, head, snapshot, trust);
        this.response = new ClientResponse(stream, head);
    }

    @Override
    public final Exchange exchange() {
        return this;
    }

    /** How the exchange ended, for who comes too late. */
    abstract ExchangeFailedException ended();

    /** Fails the exchange for good, with an answer that has these fields besides. */
    abstract void fail(FailureCode code, String detail, HeaderBlock fields);

    /** Runs a step on the loop; what it throws fails the exchange instead of leaving it without an end. */
    final void onLoop(Runnable step) {
        loop.execute(() -> {
            try {
                step.run();
            } catch (RuntimeException | Error e) {
                FAILED.error(e);
                fail(Failures.code(e, FailureCode.INTERNAL_ERROR), e.toString());
            }
        });
    }

    /** Whether nothing can be sent any more. */
    private boolean isTooLate() {
        return isOver() || response.isBegun();
    }

    // ---- 1. the chain hands over

    /**
     * Answers the request at the end of the chain.
     *
     * @param result where the response goes if middleware waits for it; null to send it at once
     */
    final void terminal(@Nullable CompletableFuture<Response> result) {
        RoutePlan chosen = plan;
        if (isTooLate() || chosen == null) {
            if (result != null) {
                result.completeExceptionally(ended());
            }
            return;
        }
        terminal = result;
        fallbacksAsked = 0;
        fallbackCause = null;
        stopRequest();
        try {
            SplitPlan split = chosen.split();
            if (split != null) {
                // Before the edits, which may remove what decides. Once: the plan of a share has no split.
                chosen = split.choose(this);
                plan = chosen;
            }
            edit(chosen);
        } catch (RuntimeException | Error e) {
            FAILED_ON_ITS_WAY.error(e);
            settleFailure(Failures.code(e, FailureCode.INTERNAL_ERROR), e.toString());
        }
    }

    /**
     * Why the end of the chain cannot be reached again; null if it can. Nothing may be left of the first time: no
     * answer that holds a connection, and no request body that is gone.
     */
    final @Nullable String whyNotAgain() {
        if (isTooLate()) {
            return "proceed was called after the exchange was over";
        }
        Forward before = forward;
        if (terminal != null || before != null && before.isOpen()) {
            return "proceed was called twice, and the first response was not read to its end or discarded";
        }
        if (isBodyGone()) {
            return "proceed was called twice, and the request body cannot be read again";
        }
        return null;
    }

    // ---- 2. the request's edits

    private void edit(RoutePlan chosen) {
        TransformPlan transforms = chosen.transforms();
        // What is sent a second time was edited before.
        if (transforms.isEmpty() || requestEdited) {
            answer(chosen);
            return;
        }
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
        if (edit == null || !head.hasBody()) {
            answer(chosen);
            return;
        }
        edit.apply(body())
                .whenComplete((edited, problem) -> onLoop(() -> {
                    if (problem == null) {
                        body(edited);
                        answer(chosen);
                        return;
                    }
                    Throwable cause = Failures.unwrap(problem);
                    if (cause instanceof BodyTooLargeException) {
                        fail(FailureCode.CLIENT_BODY_TOO_LARGE, cause.toString());
                    } else {
                        settleFailure(Failures.code(cause, FailureCode.TRANSFORM_FAILED), cause.toString());
                    }
                }));
    }

    // ---- 3. who answers

    private void answer(RoutePlan chosen) {
        if (isTooLate()) {
            return;
        }
        RunningPool pool = chosen.pool();
        Function<Request, CompletionStage<Response>> handler = chosen.handler();
        if (pool != null) {
            forward(chosen, pool);
        } else if (handler != null) {
            call(chosen, handler);
        } else if (LocalAnswers.needsHost(chosen.answer()) && host().isEmpty()) {
            // HTTP/1.0 knows requests without Host. Our own address in its place would tell strangers of the inside.
            settleFailure(FailureCode.CLIENT_BAD_HOST, "the redirect names the request's host, and there is none");
        } else {
            editAndSettle(LocalAnswers.of(chosen.answer(), this, variables), Origin.ROUTE);
        }
    }

    private void forward(RoutePlan chosen, RunningPool pool) {
        if (bodyReplaced) {
            removeDigests();
        } else if (isBodyUsedUp()) {
            settleFailure(
                    FailureCode.MIDDLEWARE_FAILED,
                    "the request body was read or discarded by middleware of route \"" + chosen.routeId()
                            + "\", and no other was put in its place");
            return;
        }
        earlierAttempts = attempts();
        // What middleware has forwarded before is over, but may still keep its body for another attempt.
        cancelForward(null);
        Forward begun = new Forward(
                loop,
                pool,
                this,
                retryPolicy(chosen, pool),
                this,
                chosen.fallbacks().hasPool());
        forward = begun;
        begun.start();
    }

    private void call(RoutePlan chosen, Function<Request, CompletionStage<Response>> handler) {
        CompletionStage<Response> stage;
        try {
            stage = handler.apply(this);
        } catch (RuntimeException | Error e) {
            LOG.warn("the handler of route {} failed", chosen.routeId(), e);
            handlerFailed(Failures.code(e, FailureCode.HANDLER_FAILED), e.toString());
            return;
        }
        if (stage == null) {
            handlerFailed(FailureCode.HANDLER_FAILED, "the handler returned null");
            return;
        }
        stage.whenComplete((given, problem) -> onLoop(() -> {
            if (problem != null) {
                Throwable cause = Failures.unwrap(problem);
                LOG.warn("the handler of route {} failed", chosen.routeId(), cause);
                handlerFailed(Failures.code(cause, FailureCode.HANDLER_FAILED), cause.toString());
            } else if (given == null) {
                handlerFailed(FailureCode.HANDLER_FAILED, "the handler gave no response");
            } else {
                editAndSettle(given, Origin.HANDLER);
            }
        }));
    }

    /** The handler of the route, or of a fallback; it may have done things and read the body. */
    private void handlerFailed(FailureCode code, String detail) {
        boolean again = isIdempotent() && !isBodyGone();
        if (!fallBack(new FallbackPlan.Failed(code, code.status(), again, null), detail)) {
            settleFailure(code, detail);
        }
    }

    @Override
    final void requestBodyFailed(FailureCode code, String detail) {
        Forward begun = forward;
        // Nobody needs the rest of a request that has its whole answer.
        if (!isOver() && (begun == null || !begun.isAnswered())) {
            cancelForward(null);
            settleFailure(code, detail);
        }
    }

    // ---- 3a. or who answers instead

    @Override
    public Optional<FallbackCause> fallbackCause() {
        return Optional.ofNullable(fallbackCause);
    }

    @Override
    public boolean replaces(ResponseHead answer, boolean again) {
        RoutePlan chosen = plan;
        // Nearly every answer of nearly every route ends here.
        if (answer.status() < 400 || chosen == null || chosen.fallbacks().isEmpty() || isTooLate()) {
            return false;
        }
        return nextFallback(chosen, failed(null, answer.status(), again)) >= 0;
    }

    @Override
    public void replaced(int status, boolean again) {
        if (!fallBack(failed(null, status, again), "the upstream answered " + status)) {
            throw new IllegalStateException("the fallback is gone");
        }
    }

    private FallbackPlan.Failed failed(@Nullable FailureCode code, int status, boolean again) {
        Forward by = forward;
        return new FallbackPlan.Failed(code, status, again, by == null ? null : by.pool());
    }

    private int nextFallback(RoutePlan chosen, FallbackPlan.Failed failed) {
        return chosen.fallbacks().next(fallbacksAsked, failed, !host().isEmpty());
    }

    /** Lets the next fallback that fits answer; false if there is none. */
    private boolean fallBack(FallbackPlan.Failed failed, String detail) {
        RoutePlan chosen = plan;
        if (chosen == null || chosen.fallbacks().isEmpty() || isTooLate()) {
            return false;
        }
        int place = nextFallback(chosen, failed);
        if (place < 0) {
            return false;
        }
        FailureCode code = failed.code();
        FallbackCause cause =
                code == null ? FallbackCause.status(failed.status()) : FallbackCause.failure(code, detail);
        LOG.debug("{} {}: fallback {} for {}: {}", head.method(), head.target(), place, cause, detail);
        if (fallbackCause == null) {
            fallbackCause = cause;
        }
        fallbacksAsked = place + 1;
        FallbackPlan.Step step = chosen.fallbacks().step(place);
        RunningPool pool = step.pool();
        Function<Request, CompletionStage<Response>> handler = step.handler();
        if (pool != null) {
            follow(chosen, pool);
            return true;
        }
        cancelForward(null);
        useUpBody();
        if (handler != null) {
            call(chosen, handler);
        } else {
            editAndSettle(LocalAnswers.of(step.action(), this, variables), Origin.ROUTE);
        }
        return true;
    }

    private void follow(RoutePlan chosen, RunningPool pool) {
        Forward before = forward;
        earlierAttempts = attempts();
        Forward next;
        if (before == null) {
            next = new Forward(
                    loop,
                    pool,
                    this,
                    pool.config().retry(),
                    this,
                    chosen.fallbacks().hasPool());
            forward = next;
            next.start();
        } else {
            // The number is of the attempts of one pool.
            before.attemptHeader().ifPresent(head::remove);
            forward = before.follow(pool, pool.config().retry());
        }
    }

    // ---- 4. what the upstream says

    @Override
    public void forwarded() {
        connectedNanos = loop.now();
    }

    /** When a connection to the target was at hand; 0 if none was. */
    final long connectedNanos() {
        return connectedNanos;
    }

    /** Attempts made for the exchange until now. */
    final int attempts() {
        Forward begun = forward;
        return earlierAttempts + (begun == null ? 0 : begun.attempts());
    }

    @Override
    public void interim(ResponseHead interimHead) {
        if (!isTooLate()) {
            response.interim(interimHead);
        }
    }

    @Override
    public void answered(ResponseHead answer, BodySource answerBody, long bodyLength) {
        response.headCame();
        if (isTooLate()) {
            answerBody.cancel();
            return;
        }
        RoutePlan chosen = plan;
        ClientResponse.removeNominated(answer);
        // Errors only, so that a good answer costs no more than this comparison.
        if (answer.status() >= 400 && chosen != null && chosen.errorPages().intercepts()) {
            ErrorBody page = chosen.errorPages().intercepted(answer.status(), accept(), this::details);
            if (page != null) {
                intercept(answer, bodyLength, page);
                return;
            }
        }
        if (terminal == null && (chosen == null || chosen.transforms().isEmpty())) {
            stopHeldTimer();
            if (chosen != null && chosen.middleware().leadingEdits()) {
                for (int place = builtInsPassed - 1; place >= 0; place--) {
                    chosen.middleware().leading(place).onResponse(this, answer.status(), answer);
                }
            }
            response.pass(answer, answerBody, bodyLength);
            return;
        }
        if (bodyLength == 0) {
            editAndSettle(Response.of(answer.status(), answer, Body.empty()), Origin.POOL);
            return;
        }
        StreamBody view = new StreamBody(loop, answerBody, bodyLength, () -> {}, this::readerFailed);
        answerView = view;
        editAndSettle(Response.of(answer.status(), answer, view), Origin.POOL);
        if (!isTooLate()) {
            timeHeld(view);
        }
    }

    /** Puts a page in the place of what the upstream says of its error. */
    private void intercept(ResponseHead answer, long bodyLength, ErrorBody page) {
        Forward begun = forward;
        if (begun != null) {
            begun.discardAnswer(bodyLength);
        }
        ErrorPages.forgetBody(answer);
        page.describeIn(answer);
        editAndSettle(Response.of(answer.status(), answer, Body.of(page.bytes())), Origin.PAGE);
    }

    /** The client's wish for a type of answer; null if it has none. */
    final @Nullable String accept() {
        List<String> lines = head.all("Accept");
        return lines.isEmpty() ? null : lines.size() == 1 ? lines.get(0) : String.join(",", lines);
    }

    /** What an error page may tell of the request. */
    final ErrorPages.Details details() {
        String target = head.target();
        int query = target.indexOf('?');
        return new ErrorPages.Details(
                host(),
                query < 0 ? target : target.substring(0, query),
                head.first("X-Request-Id").orElse(""),
                String.valueOf(id()));
    }

    private void timeHeld(StreamBody view) {
        stopHeldTimer();
        Duration limit = timeouts().middleware();
        if (!limit.isZero()) {
            HeldTimer timer = new HeldTimer(
                    loop,
                    view,
                    limit,
                    () -> fail(
                            FailureCode.MIDDLEWARE_FAILED,
                            "middleware neither read nor sent the body of the upstream's answer for " + limit));
            heldTimer = timer;
            timer.start();
        }
    }

    /** The client has the answer's head, so that its own deadline holds, or nobody waits any more. */
    final void stopHeldTimer() {
        HeldTimer timer = heldTimer;
        if (timer != null) {
            heldTimer = null;
            timer.stop();
        }
    }

    @Override
    public void refused(FailureCode code, String detail, int seconds) {
        retryAfterSeconds = seconds;
        forwardFailed(code, detail, true);
    }

    /** What Retry-After says on an error answer with this code; 0 for none. */
    final int retryAfterSeconds(FailureCode code) {
        return switch (code.phase()) {
            case PICK -> retryAfterSeconds;
            case ACQUIRE -> QUEUE_RETRY_SECONDS;
            default -> 0;
        };
    }

    @Override
    public void forwardFailed(FailureCode code, String detail, boolean again) {
        if (code.side() == FailureCode.Side.UPSTREAM) {
            LOG.debug("{} {}: {} {}", head.method(), head.target(), code, detail);
        }
        if (!fallBack(failed(code, code.status(), again), detail)) {
            settleFailure(code, detail);
        }
    }

    // ---- 5. the response's edits

    /** Whose a response is, which decides what is edited of it. */
    private enum Origin {
        POOL,
        HANDLER,
        /** A redirect or fixed content. */
        ROUTE,
        /** A pool's, with an error page for its body. */
        PAGE
    }

    /** Runs the response edits on a response object, then hands it on. */
    private void editAndSettle(Response given, Origin origin) {
        RoutePlan chosen = plan;
        TransformPlan transforms = chosen == null ? null : chosen.transforms();
        if (chosen == null || transforms == null || transforms.isEmpty()) {
            settle(given);
            return;
        }
        Response own = given;
        if (origin == Origin.HANDLER && transforms.hasResponseEdits()) {
            // A handler may give the same object again and again, to several threads at once.
            HeaderBlock fields = new HeaderBlock();
            given.headers().forEach(fields::add);
            own = Response.of(given.status(), fields, given.body());
        }
        try {
            if (transforms.hasResponseEdits()) {
                transforms.editResponse(own.headers(), variables);
            }
        } catch (RuntimeException e) {
            own.body().discard();
            settleFailure(FailureCode.TRANSFORM_FAILED, e.toString());
            return;
        }
        if (origin == Origin.PAGE) {
            settle(own);
            return;
        }
        if (own.body() == Body.empty()) {
            forgetUnsentBody(own, transforms);
            settle(own);
            return;
        }
        TrailerEdits trailers = transforms.responseTrailers();
        Response edited =
                trailers == null ? own : own.withBody(new EditedTrailersBody(own.body(), trailers, variables));
        BodyEdit edit = transforms.responseBody();
        if (edit == null) {
            settle(edited);
            return;
        }
        edit.apply(edited.body())
                .whenComplete((newBody, problem) -> onLoop(() -> {
                    if (problem != null) {
                        Throwable cause = Failures.unwrap(problem);
                        settleFailure(Failures.code(cause, FailureCode.TRANSFORM_FAILED), cause.toString());
                    } else {
                        settle(edited.withBody(newBody));
                    }
                }));
    }

    /**
     * An answer to HEAD, or a 304, tells of the body that GET would get (RFC 9110 §8.6, §15.4.5), and that is another
     * one than the upstream's.
     */
    private void forgetUnsentBody(Response own, TransformPlan transforms) {
        if (!(HeaderBlock.of(own.headers()) instanceof ResponseHead answer) || !isHead() && own.status() != 304) {
            return;
        }
        TrailerEdits trailers = transforms.responseTrailers();
        boolean otherBytes = transforms.responseBody() != null;
        if (otherBytes) {
            ClientResponse.removeValidators(answer);
        }
        if (otherBytes || trailers != null && trailers.adding()) {
            answer.remove("Content-Length");
        }
    }

    /** The response of the end of the chain: to the middleware that waits, or out. */
    private void settle(Response given) {
        CompletableFuture<Response> waiting = terminal;
        if (waiting != null) {
            terminal = null;
            if (!waiting.complete(given)) {
                given.body().discard();
            }
        } else {
            send(given);
        }
    }

    private void settleFailure(FailureCode code, String detail) {
        if (terminal != null && !isOver()) {
            failWaiting(code, detail);
        } else {
            fail(code, detail);
        }
    }

    /** Middleware that waits for the upstream's answer must not wait for ever, above all not if it blocks a thread. */
    final void failWaiting(FailureCode code, String detail) {
        CompletableFuture<Response> waiting = terminal;
        if (waiting != null) {
            terminal = null;
            waiting.completeExceptionally(new ExchangeFailedException(code, detail));
        }
    }

    // ---- 6. the response

    /** Sends what the chain made, on the loop. */
    final void send(Response made) {
        if (isTooLate()) {
            made.body().discard();
            return;
        }
        stopHeldTimer();
        RoutePlan chosen = plan;
        boolean ofHandler = chosen == null || chosen.middleware().isEmpty();
        Response edited = made;
        if (chosen != null && chosen.middleware().leadingEdits()) {
            for (int place = builtInsPassed - 1; place >= 0; place--) {
                edited = chosen.middleware().leading(place).edit(this, edited);
            }
        }
        ClientResponse.Refusal refusal = response.send(
                edited,
                body,
                this::settleRequestBody,
                ofHandler ? FailureCode.HANDLER_FAILED : FailureCode.MIDDLEWARE_FAILED);
        if (refusal != null) {
            fail(refusal.code(), refusal.detail());
        }
    }

    /** After the answer's head a client sends no body that it was not asked for, and nobody reads one that nobody has asked for. */
    private void settleRequestBody() {
        if (isBodyUnasked()) {
            // The rest of a small one is read over, so that the client's connection can go on.
            stream.requestBody().cancel();
        } else if (isBodyAsked()) {
            stream.askForBody();
        }
    }

    // ---- what is left of it

    /** Gives up what is still forwarded. */
    final void cancelForward(@Nullable FailureCode cause) {
        Forward begun = forward;
        if (begun != null) {
            begun.cancel(cause);
        }
    }

    /** Sends and reads no more of either body. */
    final void stopBodies() {
        response.stop();
        stopRequest();
    }

    /** The exchange is over: who still reads a body is told, and nobody holds the answer's any more. */
    final void closeViews(FailureCode reason) {
        stopHeldTimer();
        if (requestView != null) {
            requestView.over(reason);
        }
        if (answerView != null) {
            answerView.discard();
            answerView.over(reason);
        }
    }
}
