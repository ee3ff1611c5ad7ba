package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.internal.engine.loop.RareLog;
import io.fairlead.proxy.internal.http.HeaderBlock;
import io.fairlead.proxy.internal.middleware.BlockingExecutor;
import io.fairlead.proxy.internal.middleware.BuiltIn;
import io.fairlead.proxy.internal.middleware.Verdict;
import io.fairlead.proxy.internal.time.TimerWheel;
import io.fairlead.proxy.middleware.BlockingAdapter;
import io.fairlead.proxy.middleware.BlockingMiddleware;
import io.fairlead.proxy.middleware.Chain;
import io.fairlead.proxy.middleware.ExchangeFailedException;
import io.fairlead.proxy.middleware.Middleware;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the middleware of one exchange. Stages may complete on any thread; what they lead to runs on the exchange's loop,
 * at once if it is there already.
 *
 * <p>A failure must name its middleware. The outermost stage is looked at when it comes here; an inner one is wrapped. So one
 * middleware, the usual case, costs nothing for that.
 */
final class ChainRun implements BiConsumer<@Nullable Response, @Nullable Throwable> {

    private static final Logger LOG = LoggerFactory.getLogger(ChainRun.class);
    private static final RareLog FAILED = new RareLog(LOG, "an exchange failed");

    private final RoutedExchange exchange;
    private final List<NamedMiddleware> middleware;
    private final int first;
    private final BlockingExecutor blocking;
    /** The place that was called last; on the loop. */
    private int reached;

    private @Nullable Deadline deadline;

    /** @param first the place to begin at; what stands before it has run */
    ChainRun(RoutedExchange exchange, List<NamedMiddleware> middleware, int first, BlockingExecutor blocking) {
        this.exchange = exchange;
        this.middleware = middleware;
        this.first = first;
        this.blocking = blocking;
    }

    /**
     * Begins.
     *
     * @param begun what the first one, a built-in, made of the request; null if it was not asked
     */
    void start(@Nullable Verdict begun) {
        CompletionStage<Response> stage;
        try {
            stage = handle(first, begun);
        } catch (Throwable e) {
            finish(null, e);
            return;
        }
        if (stage == null) {
            finish(null, new IllegalStateException("it returned null"));
        } else {
            stage.whenComplete(this);
        }
    }

    /** Where the exchange waits, for the detail of a timeout; empty past the middleware. */
    String where() {
        return reached < middleware.size()
                ? ", in middleware \"" + middleware.get(reached).name() + '"'
                : "";
    }

    /** The outermost stage is complete. */
    @Override
    public void accept(@Nullable Response response, @Nullable Throwable problem) {
        if (exchange.loop.inLoop()) {
            try {
                finish(response, problem);
            } catch (RuntimeException | Error e) {
                FAILED.error(e);
                exchange.fail(FailureCode.INTERNAL_ERROR, e.toString());
            }
        } else {
            exchange.onLoop(() -> finish(response, problem));
        }
    }

    private void finish(@Nullable Response response, @Nullable Throwable problem) {
        stop();
        if (problem == null && response != null) {
            exchange.send(response);
            return;
        }
        ExchangeFailedException failed = named(
                middleware.get(first), problem == null ? new IllegalStateException("it gave no response") : problem);
        HeaderBlock fields = new HeaderBlock();
        failed.fields().forEach(fields::add);
        exchange.fail(failed.code(), detail(failed), fields);
    }

    /** The text without the code that the exception puts before it. */
    private static String detail(ExchangeFailedException failed) {
        String message = String.valueOf(failed.getMessage());
        String prefix = failed.code() + ": ";
        return message.startsWith(prefix) ? message.substring(prefix.length()) : message;
    }

    private @Nullable CompletionStage<Response> handle(int place, @Nullable Verdict begun) throws Exception {
        reached = place;
        Middleware code = middleware.get(place).middleware();
        Link rest = new Link(place + 1);
        CompletionStage<Response> stage;
        if (code instanceof BlockingAdapter adapter) {
            stage = callBlocking(adapter.middleware(), rest);
        } else if (begun != null && code instanceof BuiltIn builtIn) {
            stage = builtIn.handle(begun, exchange, rest);
        } else {
            stage = code.handle(exchange, rest);
        }
        if (reached == place && stage != null && !isDone(stage)) {
            await(place, stage);
        }
        return stage;
    }

    private static boolean isDone(CompletionStage<Response> stage) {
        return stage instanceof CompletableFuture<Response> future && future.isDone();
    }

    /** The middleware at this place has neither answered nor gone on: it has until its deadline. */
    private void await(int place, CompletionStage<Response> stage) {
        Duration limit = exchange.timeouts().middleware();
        if (limit.isZero() || exchange.isOver()) {
            return;
        }
        Deadline armed = deadline;
        if (armed == null) {
            armed = new Deadline();
            deadline = armed;
        }
        armed.place = place;
        armed.stage = stage;
        exchange.loop.schedule(armed, exchange.loop.now() + limit.toNanos());
    }

    /** The exchange is over. */
    void stop() {
        Deadline armed = deadline;
        if (armed != null) {
            exchange.loop.remove(armed);
        }
    }

    private final class Deadline extends TimerWheel.Timer {
        private int place;
        private @Nullable CompletionStage<Response> stage;

        @Override
        protected void fire(long now) {
            CompletionStage<Response> answer = stage;
            if (reached == place && answer != null && !isDone(answer)) {
                exchange.fail(
                        FailureCode.MIDDLEWARE_FAILED,
                        "middleware \"" + middleware.get(place).name() + "\" neither went on nor answered within "
                                + exchange.timeouts().middleware());
            }
        }
    }

    /** Calls an inner middleware, on the loop; the stage never gives null, and its failure has a code and a name. */
    private CompletionStage<Response> call(int place) {
        NamedMiddleware called = middleware.get(place);
        CompletionStage<Response> stage;
        try {
            stage = handle(place, null);
        } catch (Throwable e) {
            return CompletableFuture.failedFuture(named(called, e));
        }
        if (stage == null) {
            return CompletableFuture.failedFuture(named(called, new IllegalStateException("it returned null")));
        }
        return stage.handle((response, problem) -> {
            if (problem != null) {
                throw named(called, problem);
            }
            if (response == null) {
                throw named(called, new IllegalStateException("it gave no response"));
            }
            return response;
        });
    }

    private static ExchangeFailedException named(NamedMiddleware called, Throwable given) {
        Throwable problem = Failures.unwrap(given);
        if (problem instanceof ExchangeFailedException failed) {
            return failed;
        }
        LOG.warn("middleware {} failed", called.name(), problem);
        return new ExchangeFailedException(
                FailureCode.MIDDLEWARE_FAILED, "middleware \"" + called.name() + "\": " + problem);
    }

    private CompletionStage<Response> callBlocking(BlockingMiddleware code, Link rest) {
        CompletableFuture<Response> result = new CompletableFuture<>();
        try {
            blocking.execute(() -> {
                try {
                    result.complete(code.handle(exchange, proceeding -> await(rest.proceed(proceeding))));
                } catch (Throwable e) {
                    result.completeExceptionally(e);
                }
            });
        } catch (RejectedExecutionException e) {
            result.completeExceptionally(new ExchangeFailedException(
                    FailureCode.MIDDLEWARE_OVERLOADED, "no thread for blocking middleware"));
        }
        return result;
    }

    private static Response await(CompletionStage<Response> stage) throws Exception {
        try {
            return stage.toCompletableFuture().get();
        } catch (ExecutionException e) {
            Throwable cause = Failures.unwrap(e);
            if (cause instanceof Exception exception) {
                throw exception;
            }
            throw e;
        }
    }

    /** The rest of the chain from one place on. */
    private final class Link implements Chain {

        private static final AtomicIntegerFieldUpdater<Link> CALLED =
                AtomicIntegerFieldUpdater.newUpdater(Link.class, "called");

        private final int place;
        /** 1 once the rest was called; user code may call from any thread. */
        private volatile int called;

        Link(int place) {
            this.place = place;
        }

        @Override
        public CompletionStage<Response> proceed(Exchange given) {
            boolean again = !CALLED.compareAndSet(this, 0, 1);
            if (exchange.loop.inLoop()) {
                return run(again);
            }
            CompletableFuture<Response> result = new CompletableFuture<>();
            exchange.loop.execute(() -> run(again).whenComplete((response, problem) -> {
                if (problem != null) {
                    result.completeExceptionally(Failures.unwrap(problem));
                } else {
                    result.complete(response);
                }
            }));
            return result;
        }

        private CompletionStage<Response> run(boolean again) {
            String objection = again ? exchange.whyNotAgain() : null;
            if (objection != null) {
                return CompletableFuture.failedFuture(new IllegalStateException(objection));
            }
            if (place < middleware.size()) {
                return call(place);
            }
            reached = place;
            CompletableFuture<Response> result = new CompletableFuture<>();
            exchange.terminal(result);
            return result;
        }
    }
}
