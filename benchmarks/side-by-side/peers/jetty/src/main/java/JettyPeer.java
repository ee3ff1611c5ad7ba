import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.http.HttpURI;
import org.eclipse.jetty.proxy.ProxyHandler;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** Jetty's {@code ProxyHandler.Reverse}, one acceptor and one selector. Arguments: listen port, upstream port. */
public final class JettyPeer {

    private JettyPeer() {}

    public static void main(String[] args) throws Exception {
        int upstreamPort = Integer.parseInt(args[1]);
        Server server = new Server(new QueuedThreadPool(50));
        ServerConnector connector = new ServerConnector(server, 1, 1);
        connector.setHost("127.0.0.1");
        connector.setPort(Integer.parseInt(args[0]));
        server.addConnector(connector);
        server.setHandler(new ProxyHandler.Reverse(request ->
                HttpURI.build(request.getHttpURI()).scheme("http").authority("127.0.0.1", upstreamPort)) {
            @Override
            protected HttpClient newHttpClient() {
                HttpClient client = super.newHttpClient();
                client.setMaxConnectionsPerDestination(256);
                return client;
            }
        });
        server.start();
    }
}
