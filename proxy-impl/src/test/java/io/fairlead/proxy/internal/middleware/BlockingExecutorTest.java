package io.fairlead.proxy.internal.middleware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Runs on platform threads under Java 17 and on virtual threads under 21 and later. */
class BlockingExecutorTest {
    private static final boolean VIRTUAL = Runtime.version().feature() >= 21;

    private final BlockingExecutor executor = new BlockingExecutor("executor-test");

    @AfterEach
    void close() {
        executor.close();
    }

    @Test
    void task_runsOnANamedDaemonThread() throws Exception {
        BlockingQueue<Thread> threads = new LinkedBlockingQueue<>();
        executor.execute(() -> threads.add(Thread.currentThread()));
        Thread thread = threads.poll(10, TimeUnit.SECONDS);
        assertThat(thread).isNotNull();
        assertThat(thread.getName()).isEqualTo("fairlead-executor-test-blocking-1");
        assertThat(thread.isDaemon()).isTrue();
        assertThat(thread.getClass().getSimpleName()).isEqualTo(VIRTUAL ? "VirtualThread" : "Thread");
    }

    @Test
    void unusedExecutor_hasNoThread() {
        // A name of its own: threads of the other tests may still be ending.
        try (BlockingExecutor unused = new BlockingExecutor("unused")) {
            assertThat(unused.tasks()).isZero();
            assertThat(Thread.getAllStackTraces().keySet())
                    .noneMatch(thread -> thread.getName().startsWith("fairlead-unused-"));
        }
    }

    @Test
    void moreTasksThanTheBound_areRejectedUntilOneEnds() throws Exception {
        int bound = VIRTUAL ? BlockingExecutor.VIRTUAL_THREADS : BlockingExecutor.THREADS + BlockingExecutor.QUEUE;
        CountDownLatch release = new CountDownLatch(1);
        AtomicInteger done = new AtomicInteger();
        CountDownLatch allDone = new CountDownLatch(bound);
        for (int i = 0; i < bound; i++) {
            executor.execute(() -> {
                try {
                    release.await();
                    done.incrementAndGet();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                } finally {
                    allDone.countDown();
                }
            });
        }
        assertThatThrownBy(() -> executor.execute(() -> {})).isInstanceOf(RejectedExecutionException.class);
        release.countDown();
        assertThat(allDone.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(done).hasValue(bound);
        CountDownLatch again = new CountDownLatch(1);
        await().ignoreException(RejectedExecutionException.class).until(() -> {
            executor.execute(again::countDown);
            return true;
        });
        assertThat(again.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void tasksThatThrow_areLoggedAndGiveTheirPlaceBack() throws Exception {
        int tasks = 50;
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        Logger logger = (Logger) LoggerFactory.getLogger(BlockingExecutor.class);
        logger.addAppender(log);
        logger.setAdditive(false);
        CountDownLatch ran = new CountDownLatch(tasks);
        for (int i = 0; i < tasks; i++) {
            executor.execute(() -> {
                ran.countDown();
                throw new IllegalStateException("on purpose");
            });
        }
        assertThat(ran.await(10, TimeUnit.SECONDS)).isTrue();
        await().until(() -> executor.tasks() == 0);
        logger.setAdditive(true);
        logger.detachAppender(log);
        assertThat(log.list).hasSize(tasks);
    }

    @Test
    void close_interruptsWhatRunsAndRejectsWhatComes() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        executor.execute(() -> {
            running.countDown();
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                interrupted.countDown();
            }
        });
        assertThat(running.await(10, TimeUnit.SECONDS)).isTrue();
        executor.close();
        assertThat(interrupted.await(10, TimeUnit.SECONDS)).isTrue();
        assertThatThrownBy(() -> executor.execute(() -> {})).isInstanceOf(RejectedExecutionException.class);
    }

    @Test
    void executorClosedBeforeItsFirstTask_rejects() {
        executor.close();
        assertThatThrownBy(() -> executor.execute(() -> {})).isInstanceOf(RejectedExecutionException.class);
    }
}
