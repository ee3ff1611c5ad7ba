package io.fairlead.proxy.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/** Spring Boot's BOM overrides our versions in its users' builds, so we compile and test against the same ones. */
class ManagedVersionsTest {
    private static final Path MODULE = Path.of(System.getProperty("basedir", ""));

    @ParameterizedTest
    @CsvSource({
        "jackson.version, jackson-bom.version",
        "caffeine.version, caffeine.version",
        "micrometer.version, micrometer.version",
        "slf4j.version, slf4j.version",
        "logback.version, logback.version",
        "jspecify.version, jspecify.version",
        "junit-jupiter.version, junit-jupiter.version",
        "assertj.version, assertj.version",
        "awaitility.version, awaitility.version",
    })
    void libraryManagedBySpringBoot_hasTheVersionOfItsBom(String ours, String theirs) throws Exception {
        String expected = property(MODULE.resolve("target/bom/spring-boot-dependencies.pom"), theirs);

        assertThat(property(MODULE.resolve("../pom.xml"), ours)).isEqualTo(expected);
    }

    private static String property(Path pom, String name) throws Exception {
        Document document =
                DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(pom.toFile());
        Element properties =
                (Element) document.getElementsByTagName("properties").item(0);
        assertThat(properties.getElementsByTagName(name).getLength())
                .as("<%s> in %s", name, pom)
                .isOne();
        return properties.getElementsByTagName(name).item(0).getTextContent();
    }
}
