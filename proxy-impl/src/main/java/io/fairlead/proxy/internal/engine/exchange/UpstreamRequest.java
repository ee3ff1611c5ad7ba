package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.Body;
import io.fairlead.proxy.http.Request;
import io.fairlead.proxy.internal.engine.transfer.BodySource;
import io.fairlead.proxy.internal.forward.OutgoingRequest;
import io.fairlead.proxy.internal.forward.ReplayMemory;
import io.fairlead.proxy.internal.forwarded.ClientResolver;
import io.fairlead.proxy.internal.http.RequestHead;
import io.fairlead.proxy.internal.transform.TrailerEdits;
import io.fairlead.proxy.internal.upstream.PoolTarget;
import io.fairlead.proxy.internal.upstream.RunningPool;
import io.fairlead.proxy.internal.upstream.Sessions;
import io.fairlead.proxy.middleware.ExchangeFailedException;
import io.fairlead.proxy.resilience.RetryPolicy;
import io.fairlead.proxy.resilience.Timeouts;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The request as it goes upstream, once its route is known: the client's head and body, or what user code and transforms
 * put in their place. {@code Forward} asks for it, for each attempt anew:
 *
 * <ol>
 *   <li>{@link #composeHead}: the head for one target, in the loop's scratch space;
 *   <li>{@link #outgoingLength}: how the body is framed;
 *   <li>{@link #outgoingBody}: the body, the same for all attempts; {@link #stopRequest} lets go of it.
 * </ol>
 */
abstract class UpstreamRequest extends ClientRequest implements OutgoingRequest {

    /** What tells of the bytes of a body, and is wrong once these are others. */
    private static final String[] DIGESTS = {"Content-MD5", "Digest", "Content-Digest", "Repr-Digest"};

    final Snapshot snapshot;
    /** What is done with the request; null before a route was found. */
    @Nullable
    RoutePlan plan;

    /** What the route's match took from the request. */
    Map<String, String> variables = Map.of();

    private @Nullable BodySource outgoing;

    UpstreamRequest(ClientStream stream, RequestHead head, Snapshot snapshot, @Nullable ClientResolver trust) {
        super(stream, head, trust);
        this.snapshot = snapshot;
    }

    public Optional<String> routeId() {
        return Optional.ofNullable(plan).map(RoutePlan::routeId);
    }

    public Map<String, String> variables() {
        return variables;
    }

    static RetryPolicy retryPolicy(RoutePlan chosen, RunningPool pool) {
        RetryPolicy own = chosen.retry();
        return own == null ? pool.config().retry() : own;
    }

    @Override
    public ReplayMemory replayMemory() {
        return snapshot.replayMemory();
    }

    @Override
    public Timeouts timeouts() {
        RoutePlan chosen = plan;
        return chosen == null ? snapshot.timeouts() : chosen.timeouts();
    }

    @Override
    public boolean isHead() {
        return head.method().equals("HEAD");
    }

    @Override
    public boolean isIdempotent() {
        return head.idempotent();
    }

    // ---- 1. the head

    @Override
    public int composeHead(PoolTarget target, RunningPool pool, Optional<String> attemptHeader, int attempt) {
        if (attemptHeader.isPresent()) {
            head.set(attemptHeader.get(), Integer.toString(attempt));
        }
        Sessions sessions = pool.sessions();
        return snapshot.composer()
                .compose(
                        loop,
                        head,
                        newTarget,
                        pool.config().hostPolicy(),
                        target.authority(),
                        stream.forwardedLines(),
                        stream.peer(),
                        stream.scheme(),
                        trust != null,
                        outgoingLength(),
                        bodyReplaced,
                        sessions == null ? null : sessions.field());
    }

    /** Removes the fields that tell of the bytes of the body that was replaced. */
    final void removeDigests() {
        for (String name : DIGESTS) {
            head.remove(name);
        }
    }

    // ---- 2. the length

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

    // ---- 3. the body

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
            known = new PublisherSource(loop, current, FailureCode.MIDDLEWARE_FAILED, this::requestBodyFailed);
        }
        TrailerEdits trailers = requestTrailers();
        if (known != null && trailers != null) {
            known = new EditedTrailersSource(known, trailers, variables);
        }
        outgoing = known;
        return known;
    }

    /** A body that user code made for the request breaks off: neither the target nor the client's connection tells of that. */
    abstract void requestBodyFailed(FailureCode code, String detail);

    @Override
    public boolean bodyIsOfUserCode() {
        return bodyReplaced;
    }

    @Override
    public Request body(Body newBody) {
        if (newBody != body()) {
            super.body(newBody);
            BodySource running = outgoing;
            outgoing = null;
            if (running != null) {
                loop.execute(() -> {
                    // After the exchange the client's connection carries other requests.
                    if (!isOver()) {
                        running.cancel();
                    }
                });
            }
        }
        return this;
    }

    /** Whether there is more of the client's body to come, and nobody has asked for any of it. */
    final boolean isBodyUnasked() {
        return outgoing == null && !isViewTaken() && !stream.requestComplete();
    }

    /** Whether there is more of the client's body to come, and user code has asked for it. */
    final boolean isBodyAsked() {
        return outgoing == null && isViewTaken() && !stream.requestComplete();
    }

    private boolean isViewTaken() {
        return requestView != null && requestView.isTaken();
    }

    /** Whether user code read or discarded the client's body and put no other in its place. */
    final boolean isBodyUsedUp() {
        return !bodyReplaced && body instanceof StreamBody handle && handle.isTaken();
    }

    /** Lets go of a body that was begun to be sent, so that nobody else can read what is left of it. */
    final void useUpBody() {
        if (outgoing == null) {
            return;
        }
        if (body() instanceof StreamBody view) {
            view.take();
        }
        stopRequest();
    }

    /** Whether the body cannot be sent a second time. */
    final boolean isBodyGone() {
        Body current = body;
        return current == null ? head.hasBody() && outgoing != null : !current.isReplayable() && !isUntouched(current);
    }

    private static boolean isUntouched(Body given) {
        Body body = given instanceof EditedTrailersBody edited ? edited.unedited() : given;
        return body instanceof StreamBody handle && !handle.isTaken();
    }

    /** Sends no more of the body. */
    final void stopRequest() {
        BodySource request = outgoing;
        if (request != null) {
            outgoing = null;
            request.cancel();
        }
    }
}
