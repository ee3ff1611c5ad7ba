package io.fairlead.proxy.internal.config;

import java.util.Collection;

/** Finds what somebody may have meant. */
final class Names {

    private Names() {}

    /** The known name that is nearest if it is near enough, else all of them. */
    static String expectation(String given, Collection<String> known) {
        String nearest = "";
        int least = Math.max(2, given.length() / 3) + 1;
        for (String name : known) {
            int distance = distance(given.toLowerCase(java.util.Locale.ROOT), name.toLowerCase(java.util.Locale.ROOT));
            if (distance < least) {
                least = distance;
                nearest = name;
            }
        }
        String all = "one of: " + String.join(", ", known);
        return nearest.isEmpty() ? all : nearest;
    }

    /** The number of characters to insert, remove or replace (Levenshtein). */
    private static int distance(String a, String b) {
        int[] last = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            last[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] next = new int[b.length() + 1];
            next[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = last[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                next[j] = Math.min(replaced, Math.min(last[j], next[j - 1]) + 1);
            }
            last = next;
        }
        return last[b.length()];
    }
}
