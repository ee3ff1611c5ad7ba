package io.fairlead.benchmarks.load;

/** Reads the requests of one connection and keeps what {@link ScriptedUpstream} wants to know of them. */
final class RequestReader extends MessageReader {

    private final Runnable begun;
    private String method = "-";
    private String target = "-";
    private String id = "-";
    private boolean keepAlive;

    /** @param begun is run for each head */
    RequestReader(Runnable begun) {
        this.begun = begun;
    }

    String method() {
        return method;
    }

    String target() {
        return target;
    }

    /** Of its X-Request-Id field, or "-". */
    String id() {
        return id;
    }

    boolean keepAlive() {
        return keepAlive;
    }

    @Override
    long framing(String head, String lower) {
        int space = head.indexOf(' ');
        method = head.substring(0, space);
        target = head.substring(space + 1, head.indexOf(' ', space + 1));
        id = field(head, lower, "x-request-id");
        keepAlive = !lower.contains("\r\nconnection: close\r\n");
        begun.run();
        return bodyOf(lower, 0);
    }
}
