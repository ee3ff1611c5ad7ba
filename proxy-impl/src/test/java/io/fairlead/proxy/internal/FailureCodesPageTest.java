package io.fairlead.proxy.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.exchange.FailureCode;
import io.fairlead.proxy.internal.response.ReasonPhrases;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Keeps docs/failure-codes.md as the enum and its Javadoc say; {@code -Dfairlead.docs.write=true} writes the page. */
class FailureCodesPageTest {
    private static final String WRITE = "fairlead.docs.write";
    private static final Path ROOT = root();
    private static final Path PAGE = ROOT.resolve("docs/failure-codes.md");
    private static final Path SOURCE =
            ROOT.resolve("proxy-api/src/main/java/io/fairlead/proxy/exchange/FailureCode.java");

    @Test
    void page_saysWhatTheEnumSays() throws IOException {
        String expected = page();
        if (Boolean.getBoolean(WRITE)) {
            Files.writeString(PAGE, expected);
        }
        assertThat(Files.exists(PAGE) ? Files.readString(PAGE) : "")
                .as("docs/failure-codes.md is out of date; write it again with: mvn -q test -pl proxy-impl -am"
                        + " -Dtest=FailureCodesPageTest -Dsurefire.failIfNoSpecifiedTests=false -D" + WRITE + "=true")
                .isEqualTo(expected);
    }

    private static String page() throws IOException {
        StringBuilder page = new StringBuilder("""
                # Failure codes

                Every failure that the proxy itself makes has one code. It says who was at fault (the side) and where in its life the
                exchange was (the phase), and it fixes the status that the client gets if the response has not begun. After that, a
                failure cuts the response off visibly instead. 499 is never sent: the client is gone, and the number stands in logs only.

                A client sees the status and the code, as text or, if its `Accept` prefers JSON, as problem details (RFC 9457) with the
                member `code`. What an upstream answers is passed on as it is, whatever its status, and has no code.

                This page is generated from `FailureCode`; edit the Javadoc there.

                """);
        String source = Files.readString(SOURCE);
        FailureCode.Side side = null;
        for (FailureCode code : FailureCode.values()) {
            if (code.side() != side) {
                side = code.side();
                page.append(code.ordinal() == 0 ? "" : "\n")
                        .append("## ")
                        .append(side.name().charAt(0))
                        .append(side.name().substring(1).toLowerCase(Locale.ROOT))
                        .append("\n\n| code | side | phase | status | meaning |\n|---|---|---|---|---|\n");
            }
            String phrase = code.status() == 499 ? "not sent" : ReasonPhrases.of(code.status());
            page.append("| `%s` | %s | %s | %d %s | %s |\n"
                    .formatted(code, code.side(), code.phase(), code.status(), phrase, meaning(source, code)));
        }
        return page.toString();
    }

    /** The Javadoc of the constant, as Markdown. */
    private static String meaning(String source, FailureCode code) {
        Matcher doc = Pattern.compile("/\\*\\*((?:(?!\\*/).)*)\\*/\\s*" + code.name() + "\\(", Pattern.DOTALL)
                .matcher(source);
        assertThat(doc.find()).as("Javadoc of " + code).isTrue();
        return doc.group(1)
                .replaceAll("\\s*\\n\\s*\\*\\s?", " ")
                .replaceAll("\\{@(?:code|link) ([^}]*)}", "`$1`")
                .replace("|", "\\|")
                .strip();
    }

    private static Path root() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(folder.resolve("proxy-api"))) {
            folder = folder.getParent();
        }
        return folder;
    }
}
