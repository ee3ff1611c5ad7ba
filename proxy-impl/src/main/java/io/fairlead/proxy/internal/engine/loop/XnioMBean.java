package io.fairlead.proxy.internal.engine.loop;

import java.lang.management.ManagementFactory;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The MBean that XNIO registers for itself when its class is initialised, and never takes away. The platform's MBean server
 * would keep its class loader, and so that of an application that a container has deployed anew.
 */
final class XnioMBean {
    private static final Logger LOG = LoggerFactory.getLogger(XnioMBean.class);
    private static final String NAME = "org.xnio:type=Xnio,provider=\"nio\"";

    private XnioMBean() {}

    /**
     * Takes it away if no worker is left of the XNIO that came with this engine. It only tells XNIO's name and version, and
     * is not missed if a proxy starts again.
     */
    static void unregisterWithTheLastWorker() {
        try {
            MBeanServer server = ManagementFactory.getPlatformMBeanServer();
            ObjectName name = new ObjectName(NAME);
            if (!server.isRegistered(name) || !isOurs(server, name)) {
                return;
            }
            for (ObjectName worker : server.queryNames(new ObjectName(NAME + ",worker=*"), null)) {
                if (isOurs(server, worker)) {
                    return;
                }
            }
            server.unregisterMBean(name);
        } catch (JMException | RuntimeException e) {
            // Another thread was faster, or a security manager forbids it.
            LOG.debug("XNIO's MBean stays", e);
        }
    }

    /** A container may have an XNIO of its own. */
    private static boolean isOurs(MBeanServer server, ObjectName name) throws JMException {
        return server.getClassLoaderFor(name) == XnioMBean.class.getClassLoader();
    }
}
