package io.fairlead.proxy.testing;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One case of {@code framing-cases.txt}; the head of that file says what each part means.
 *
 * @param name unique in the table
 * @param line where the case begins in the table
 * @param steps what the client does, in order
 * @param halfClose whether the client ends its direction after that
 * @param answer what the upstream answers; null in a case about a request, where it answers 200 {@code ok}
 * @param afterHead what the upstream writes once the client has the head; null: nothing
 * @param ending what the upstream then does with its connection
 * @param statuses for each answer, in order, the statuses that are right; 0 is the end of the connection without one
 * @param interim the interim statuses before the last answer; null: any
 * @param body the last answer's body; null: any
 * @param clientHas fields of the last answer, complete for each name
 * @param clientLacks fields that the last answer must not have
 * @param clientTrailers trailer fields of the last answer
 * @param fate what becomes of the client's connection
 * @param upstream what the upstream may have got; null in a case about an answer
 * @param upstreamHas fields of the upstream's last request, complete for each name
 * @param upstreamLacks fields that it must not have
 * @param upstreamTrailers its trailer fields
 * @param reuse whether the upstream connection carries the next request; null: either
 */
public record FramingCase(
        String name,
        int line,
        List<Step> steps,
        boolean halfClose,
        byte @Nullable [] answer,
        byte @Nullable [] afterHead,
        Ending ending,
        List<List<Integer>> statuses,
        @Nullable List<Integer> interim,
        byte @Nullable [] body,
        List<Fields.Field> clientHas,
        List<String> clientLacks,
        List<Fields.Field> clientTrailers,
        Fate fate,
        @Nullable Upstream upstream,
        List<Fields.Field> upstreamHas,
        List<String> upstreamLacks,
        List<Fields.Field> upstreamTrailers,
        @Nullable Boolean reuse) {

    /** What the client does next. */
    public sealed interface Step {}

    /** The client writes these bytes at once. */
    public record Send(byte[] bytes) implements Step {}

    /** The client waits for an interim answer. */
    public record Await(int status) implements Step {}

    /** What the upstream does with its connection after its answer. */
    public enum Ending {
        KEEP,
        CLOSE,
        RESET
    }

    /** What becomes of the client's connection. */
    public enum Fate {
        /** It carries another request. */
        OPEN,
        /** It ends after a complete answer. */
        CLOSED,
        /** It ends before the answer does. */
        CUT
    }

    /**
     * What has reached the upstream.
     *
     * @param cut a request that never ends validly, or no byte at all
     * @param requests the requests, all of them complete; empty: not one byte
     */
    public record Upstream(boolean cut, List<Request> requests) {}

    /** A request by its first line and its body. */
    public record Request(String line, byte[] body) {}

    /** Whether the case is about an upstream's answer. */
    public boolean isAboutAnAnswer() {
        return answer != null;
    }

    /** Whether the client's first request is a HEAD, so that its answer has no body. */
    public boolean isHead() {
        return steps.get(0) instanceof Send send && Escapes.show(send.bytes()).startsWith("HEAD ");
    }

    @Override
    public String toString() {
        return name;
    }
}
