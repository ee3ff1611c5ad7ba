package io.fairlead.proxy.internal.route;

/** The literal text with which everything that a regular expression matches begins; spares most evaluations. */
final class RegexPrefix {

    private static final String META = "\\.[](){}*+?^$|";

    private RegexPrefix() {}

    /** That text, or a shorter one; empty where it cannot be told at a glance. */
    static String of(String regex) {
        // In the rest of an expression with these it would matter what stands before.
        if (regex.indexOf('|') >= 0
                || regex.indexOf('^', 1) >= 0
                || regex.contains("\\b")
                || regex.contains("\\B")
                || regex.contains("\\A")) {
            return "";
        }
        int from = regex.startsWith("^") ? 1 : 0;
        int end = from;
        while (end < regex.length() && META.indexOf(regex.charAt(end)) < 0) {
            end++;
        }
        if (end < regex.length() && end > from && "*+?{".indexOf(regex.charAt(end)) >= 0) {
            // The character before is repeated, or absent.
            end -= Character.isLowSurrogate(regex.charAt(end - 1)) && end - 1 > from ? 2 : 1;
        }
        return regex.substring(from, end);
    }

    /** The regular expression for what follows that text. */
    static String rest(String regex) {
        String literal = of(regex);
        return literal.isEmpty() ? regex : regex.substring(regex.indexOf(literal) + literal.length());
    }
}
