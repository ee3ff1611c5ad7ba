package io.fairlead.proxy.internal.lifecycle;

/**
 * What a proxy has in use at one moment.
 *
 * @param buffers buffers of the I/O threads that somebody holds
 * @param clients connections of clients
 * @param upstreamsInUse connections to targets that an exchange has
 * @param upstreamsIdle connections to targets that wait in their pool
 * @param timers deadlines that are watched, but for those of pools' own health; an idle connection has one
 */
record Usage(int buffers, int clients, int upstreamsInUse, int upstreamsIdle, int timers) {}
