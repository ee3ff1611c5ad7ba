import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.PoolOptions;
import io.vertx.httpproxy.HttpProxy;

/** Vert.x http-proxy on one event loop with the native transport. Arguments: listen port, upstream port. */
public final class VertxPeer {

    private VertxPeer() {}

    public static void main(String[] args) {
        int port = Integer.parseInt(args[0]);
        int upstreamPort = Integer.parseInt(args[1]);
        Vertx vertx =
                Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setPreferNativeTransport(true));
        vertx.deployVerticle(new VerticleBase() {
                    @Override
                    public Future<?> start() {
                        HttpProxy proxy = HttpProxy.reverseProxy(vertx.createHttpClient(
                                new HttpClientOptions(), new PoolOptions().setHttp1MaxSize(256)));
                        proxy.origin(upstreamPort, "127.0.0.1");
                        return vertx.createHttpServer().requestHandler(proxy).listen(port, "127.0.0.1");
                    }
                })
                .onFailure(failure -> {
                    failure.printStackTrace();
                    System.exit(1);
                });
    }
}
