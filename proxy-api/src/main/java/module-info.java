/** The API of Fairlead, an embeddable reverse proxy. Start at {@code io.fairlead.proxy}. */
module io.fairlead.proxy {
    requires static transitive org.jspecify;
}
