package io.fairlead.proxy.internal.config;

import static io.fairlead.proxy.internal.config.JsonTree.NODES;

import java.util.TreeMap;
import java.util.function.Supplier;
import tools.jackson.databind.node.ObjectNode;

/** The JSON Schema (2020-12) of a configuration file, for editors and for checks before a deployment. */
public final class ConfigSchema {

    private ConfigSchema() {}

    /** The schemas that others refer to by name. */
    static final class Definitions {
        private final TreeMap<String, ObjectNode> schemas = new TreeMap<>();

        /** A reference to the schema of this name, which is made when it is first asked for. */
        ObjectNode named(String name, Supplier<ObjectNode> schema) {
            if (!schemas.containsKey(name)) {
                // Present before it is made, because a match holds matches.
                schemas.put(name, NODES.objectNode());
                schemas.put(name, schema.get());
            }
            return NODES.objectNode().put("$ref", "#/$defs/" + name);
        }
    }

    /** The schema as text, always the same for one version of the code. */
    public static String generate() {
        Definitions definitions = new Definitions();
        ObjectNode root = NODES.objectNode()
                .put("$schema", "https://json-schema.org/draft/2020-12/schema")
                .put("title", "Configuration of a Fairlead proxy");
        root.setAll(Model.CONFIG.schemaOfObject(definitions, null));
        ObjectNode all = root.putObject("$defs");
        definitions.schemas.forEach(all::set);
        return ConfigJson.print(root);
    }
}
