package io.fairlead.proxy.internal.engine.transfer;

/** Where a body comes from. It pushes to a {@link BodySink} until that one keeps a buffer. */
public interface BodySource {

    /** Gives this source its sink and begins, or goes on, to push. */
    void attach(BodySink sink);

    /** The sink can take more. */
    void resume();

    /** Nobody wants the rest. The source calls its sink no more. */
    void cancel();
}
