package io.fairlead.proxy.internal.route;

/** The literal text with which everything that a regular expression matches begins; spares most evaluations. */
final class RegexPrefix {

    private static final String META = "\\.[](){}*+?^$|";

    private RegexPrefix() {}

    /** That text, or a shorter one; empty where it cannot be told at a glance. */
    static String of(String regex) {
        if (regex.indexOf('|') >= 0) {
            return "";
        }
        int from = regex.startsWith("^") ? 1 : 0;
        int end = from;
        while (end < regex.length() && META.indexOf(regex.charAt(end)) < 0) {
            end++;
        }
        if (end < regex.length() && end > from && "*?{".indexOf(regex.charAt(end)) >= 0) {
            // The character before may be absent.
            end -= Character.isLowSurrogate(regex.charAt(end - 1)) && end - 1 > from ? 2 : 1;
        }
        return regex.substring(from, end);
    }
}
