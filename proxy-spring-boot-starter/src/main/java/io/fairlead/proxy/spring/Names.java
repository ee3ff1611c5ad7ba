package io.fairlead.proxy.spring;

import java.util.Locale;

/** The three spellings of a key: {@code maxBodyBytes} in JSON, {@code max-body-bytes} as a property, {@code maxbodybytes} to compare. */
final class Names {

    private Names() {}

    static String kebab(String camel) {
        StringBuilder name = new StringBuilder();
        for (int i = 0; i < camel.length(); i++) {
            char c = camel.charAt(i);
            if (c >= 'A' && c <= 'Z') {
                name.append('-');
            }
            name.append(Character.toLowerCase(c));
        }
        return name.toString();
    }

    static String camel(String name) {
        StringBuilder camel = new StringBuilder();
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c != '-' && c != '_') {
                boolean begins = i > 0 && (name.charAt(i - 1) == '-' || name.charAt(i - 1) == '_');
                camel.append(begins ? Character.toUpperCase(c) : c);
            }
        }
        return camel.toString();
    }

    static String uniform(String name) {
        return name.replaceAll("[-_]", "").toLowerCase(Locale.ROOT);
    }
}
