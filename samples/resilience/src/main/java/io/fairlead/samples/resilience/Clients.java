package io.fairlead.samples.resilience;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Clients that ask again and again, and count what they see. They try nothing a second time. */
final class Clients implements AutoCloseable {

    /**
     * What was seen in some time.
     *
     * @param good answers with status 200
     * @param failures everything else, by what it was
     * @param slowestMillis of the good answers
     * @param byServer good answers of each server
     */
    record Seen(long good, Map<String, Long> failures, long slowestMillis, Map<String, Long> byServer) {

        long failed() {
            return failures.values().stream().mapToLong(n -> n).sum();
        }
    }

    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();
    private final HttpRequest request;
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "clients");
        thread.setDaemon(true);
        return thread;
    });

    // Guarded by this.
    private final Map<String, Long> failures = new TreeMap<>();
    private final Map<String, Long> byServer = new TreeMap<>();
    private long good;
    private long slowestNanos;
    private int underWay;

    Clients(String url) {
        this.request = HttpRequest.newBuilder(URI.create(url))
                .timeout(Duration.ofSeconds(10))
                .build();
    }

    /** Begins to send so many requests a second, whether or not answers keep up. */
    void start(int perSecond) {
        long period = TimeUnit.SECONDS.toNanos(1) / perSecond;
        clock.scheduleAtFixedRate(this::send, 0, period, TimeUnit.NANOSECONDS);
    }

    private void send() {
        long begin = System.nanoTime();
        began();
        CompletableFuture<HttpResponse<String>> answer = client.sendAsync(request, BodyHandlers.ofString());
        answer.whenComplete((response, failure) -> ended(System.nanoTime() - begin, response, failure));
    }

    private synchronized void began() {
        underWay++;
    }

    private synchronized void ended(long nanos, @Nullable HttpResponse<String> response, @Nullable Throwable failure) {
        underWay--;
        if (response == null) {
            failures.merge(String.valueOf(failure), 1L, Long::sum);
        } else if (response.statusCode() != 200) {
            String body = response.body().strip();
            String status = String.valueOf(response.statusCode());
            // The proxy's own answers begin with the status.
            failures.merge(body.startsWith(status) ? body : status + " " + body, 1L, Long::sum);
        } else {
            good++;
            slowestNanos = Math.max(slowestNanos, nanos);
            byServer.merge(response.body().strip(), 1L, Long::sum);
        }
        notifyAll();
    }

    /** What was seen since the last call. */
    synchronized Seen seen() {
        Seen seen = new Seen(
                good, new TreeMap<>(failures), TimeUnit.NANOSECONDS.toMillis(slowestNanos), new TreeMap<>(byServer));
        good = 0;
        slowestNanos = 0;
        failures.clear();
        byServer.clear();
        return seen;
    }

    /** Sends no more, and waits until all that is under way has ended. */
    @Override
    public void close() throws InterruptedException {
        clock.shutdown();
        clock.awaitTermination(5, TimeUnit.SECONDS);
        synchronized (this) {
            while (underWay > 0) {
                wait();
            }
        }
    }
}
