package io.fairlead.proxy.internal.engine.exchange;

import io.fairlead.proxy.exchange.Exchange;
import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.http.Response;
import io.fairlead.proxy.internal.middleware.BlockingExecutor;
import io.fairlead.proxy.middleware.BlockingAdapter;
import io.fairlead.proxy.middleware.BlockingMiddleware;
import io.fairlead.proxy.middleware.Chain;
import io.fairlead.proxy.middleware.ExchangeFailedException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the middleware of one exchange. Stages may complete on any thread; what they lead to runs on the exchange's loop,
 * at once if it is there already.
 */
final class ChainRun {

    private static final Logger LOG = LoggerFactory.getLogger(ChainRun.class);

    private final ProxyExchange exchange;
    private final List<NamedMiddleware> middleware;
    private final BlockingExecutor blocking;

    ChainRun(ProxyExchange exchange, List<NamedMiddleware> middleware, BlockingExecutor blocking) {
        this.exchange = exchange;
        this.middleware = middleware;
        this.blocking = blocking;
    }

    void start() {
        call(0).whenComplete((response, problem) -> exchange.onLoop(() -> {
            if (problem != null) {
                Throwable cause = ProxyExchange.unwrap(problem);
                exchange.fail(
                        ProxyExchange.code(cause, FailureCode.MIDDLEWARE_FAILED),
                        cause.getMessage() == null ? cause.toString() : cause.getMessage());
            } else {
                exchange.send(response);
            }
        }));
    }

    /** Calls the middleware at this place; the stage never gives null. */
    private CompletionStage<Response> call(int place) {
        NamedMiddleware called = middleware.get(place);
        CompletionStage<Response> stage;
        try {
            stage = called.middleware() instanceof BlockingAdapter adapter
                    ? callBlocking(adapter.middleware(), new Link(place + 1))
                    : called.middleware().handle(exchange, new Link(place + 1));
        } catch (RuntimeException | Error e) {
            return failed(called, e);
        }
        if (stage == null) {
            return failed(called, new IllegalStateException("it returned null"));
        }
        return stage.handle((response, problem) -> {
            if (problem != null) {
                return this.<Response>raise(called, ProxyExchange.unwrap(problem));
            }
            if (response == null) {
                return this.<Response>raise(called, new IllegalStateException("it gave no response"));
            }
            return response;
        });
    }

    private CompletionStage<Response> failed(NamedMiddleware called, Throwable problem) {
        try {
            return raise(called, problem);
        } catch (ExchangeFailedException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private <T> T raise(NamedMiddleware called, Throwable problem) {
        if (problem instanceof ExchangeFailedException failed) {
            throw failed;
        }
        LOG.warn("middleware {} failed", called.name(), problem);
        throw new ExchangeFailedException(
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
            Throwable cause = ProxyExchange.unwrap(e);
            if (cause instanceof Exception exception) {
                throw exception;
            }
            throw e;
        }
    }

    /** The rest of the chain from one place on. */
    private final class Link implements Chain {
        private final int place;
        private final AtomicBoolean called = new AtomicBoolean();

        Link(int place) {
            this.place = place;
        }

        @Override
        public CompletionStage<Response> proceed(Exchange given) {
            if (!called.compareAndSet(false, true)) {
                return CompletableFuture.failedFuture(new IllegalStateException("proceed was called twice"));
            }
            if (place == middleware.size()) {
                CompletableFuture<Response> result = new CompletableFuture<>();
                exchange.onLoop(() -> exchange.terminal(result));
                return result;
            }
            if (exchange.loop().inLoop()) {
                return call(place);
            }
            CompletableFuture<Response> result = new CompletableFuture<>();
            exchange.loop()
                    .execute(() -> call(place).whenComplete((response, problem) -> {
                        if (problem != null) {
                            result.completeExceptionally(ProxyExchange.unwrap(problem));
                        } else {
                            result.complete(response);
                        }
                    }));
            return result;
        }
    }
}
