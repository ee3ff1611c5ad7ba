package io.fairlead.proxy.internal.http;

/**
 * How large a head may be.
 *
 * @param maxTargetBytes bytes of the request target
 * @param maxHeaderBytes bytes of the whole head
 * @param maxFields fields
 */
public record HeadLimits(int maxTargetBytes, int maxHeaderBytes, int maxFields) {}
