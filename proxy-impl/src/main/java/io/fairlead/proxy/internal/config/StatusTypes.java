package io.fairlead.proxy.internal.config;

import io.fairlead.proxy.health.StatusRange;
import java.util.List;

/** Statuses of errors, one by one or in ranges. */
final class StatusTypes {
    private static final int FIRST = 400;
    private static final int LAST = 599;
    private static final String EXPECTATION = "a status of 400 to 599 such as 503, or a range such as 502-504";

    static final Type<List<StatusRange>> ERRORS = Types.list(
            Types.mapped(
                    Types.text(
                            "status or range of them",
                            text -> isRange(text) && isOfErrors(range(text)) ? null : EXPECTATION),
                    StatusTypes::range,
                    StatusRange::toString),
            0,
            true);

    private StatusTypes() {}

    private static boolean isRange(String text) {
        return text.matches("[0-9]{3}(-[0-9]{3})?");
    }

    private static boolean isOfErrors(StatusRange range) {
        return range.from() >= FIRST && range.to() <= LAST && range.from() <= range.to();
    }

    private static StatusRange range(String text) {
        return isRange(text)
                ? new StatusRange(
                        Integer.parseInt(text.substring(0, 3)), Integer.parseInt(text.substring(text.length() - 3)))
                : new StatusRange(LAST, LAST);
    }
}
