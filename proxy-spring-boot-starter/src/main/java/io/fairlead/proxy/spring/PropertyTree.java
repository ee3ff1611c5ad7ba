package io.fairlead.proxy.spring;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.boot.context.properties.source.UnboundElementsSourceFilter;

/** The names of all properties below {@code fairlead}, as a tree. Their values stay in their sources. */
final class PropertyTree {
    static final ConfigurationPropertyName ROOT = ConfigurationPropertyName.of("fairlead");

    /** One name. */
    static final class Node {
        final ConfigurationPropertyName name;
        final Map<String, Node> children = new LinkedHashMap<>();
        final Set<ConfigurationPropertySource> sources = new HashSet<>();

        /** Whether somebody meant this application: not so for the environment, which other programs share. */
        boolean meant;

        Node(ConfigurationPropertyName name) {
            this.name = name;
        }

        String original() {
            return name.getLastElement(Form.ORIGINAL);
        }

        boolean isIndex() {
            return name.isNumericIndex(name.getNumberOfElements() - 1);
        }
    }

    private final Node root = new Node(ROOT);
    private final List<ConfigurationPropertySource> sources = new ArrayList<>();

    PropertyTree(Iterable<ConfigurationPropertySource> sources) {
        sources.forEach(this.sources::add);
        UnboundElementsSourceFilter meant = new UnboundElementsSourceFilter();
        // From the weakest source to the strongest: a file gives the order, an override keeps it.
        for (int i = this.sources.size() - 1; i >= 0; i--) {
            if (this.sources.get(i) instanceof IterableConfigurationPropertySource iterable) {
                boolean own = meant.apply(iterable);
                iterable.stream().filter(ROOT::isAncestorOf).forEach(name -> add(name, iterable, own));
            }
        }
    }

    private void add(ConfigurationPropertyName name, ConfigurationPropertySource source, boolean meant) {
        Node node = root;
        for (int i = ROOT.getNumberOfElements(); i < name.getNumberOfElements(); i++) {
            ConfigurationPropertyName here = name.chop(i + 1);
            String key = name.isNumericIndex(i)
                    ? "[" + name.getElement(i, Form.UNIFORM) + "]"
                    : name.getElement(i, Form.UNIFORM);
            node = node.children.computeIfAbsent(key, unused -> new Node(here));
            node.sources.add(source);
            node.meant |= meant;
        }
    }

    Node root() {
        return root;
    }

    /** The sources, strongest first. */
    List<ConfigurationPropertySource> sources() {
        return sources;
    }
}
