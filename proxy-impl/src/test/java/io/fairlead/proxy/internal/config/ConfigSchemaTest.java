package io.fairlead.proxy.internal.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class ConfigSchemaTest {
    private static final Path FILE = Path.of("../docs/proxy-config.schema.json");
    private static final String UPDATE = "fairlead.updateDocs";

    @Test
    void schemaInTheDocs_isTheGeneratedOne() throws IOException {
        String generated = ConfigSchema.generate();
        if (Boolean.getBoolean(UPDATE)) {
            Files.createDirectories(FILE.getParent());
            Files.writeString(FILE, generated);
        }
        assertThat(Files.readString(FILE))
                .as("docs/proxy-config.schema.json is out of date; write it anew with: mvn -pl proxy-impl -am test"
                        + " -Dtest='Config*Test' -D" + UPDATE + "=true")
                .isEqualTo(generated);
    }
}
