package io.fairlead.samples.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ConfigFileTest {
    @TempDir
    Path directory;

    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
    private final List<String> seen = new ArrayList<>();
    private boolean done = true;

    private ConfigFile open(String content) throws IOException {
        ConfigFile file = new ConfigFile(
                Files.writeString(directory.resolve("proxy.json"), content),
                new PrintStream(printed, true, StandardCharsets.UTF_8));
        assertThat(file.read()).isEqualTo(content);
        return file;
    }

    private void poll(ConfigFile file, int times) {
        for (int i = 0; i < times; i++) {
            file.poll(content -> {
                seen.add(content);
                return done;
            });
        }
    }

    @Test
    void contentThatStays_isNotHandedOn() throws IOException {
        ConfigFile file = open("a");
        poll(file, 3);
        assertThat(seen).isEmpty();
    }

    @Test
    void contentThatChanged_isHandedOnOnceItStands() throws IOException {
        ConfigFile file = open("a");
        Files.writeString(directory.resolve("proxy.json"), "half");
        poll(file, 1);
        Files.writeString(directory.resolve("proxy.json"), "half and half");
        poll(file, 1);
        assertThat(seen).isEmpty();
        poll(file, 3);
        assertThat(seen).containsExactly("half and half");
    }

    @Test
    void contentThatCannotBeTakenYet_isHandedOnAgain() throws IOException {
        ConfigFile file = open("a");
        Files.writeString(directory.resolve("proxy.json"), "b");
        done = false;
        poll(file, 4);
        assertThat(seen).containsExactly("b", "b", "b");
        done = true;
        poll(file, 3);
        assertThat(seen).containsExactly("b", "b", "b", "b");
    }

    @Test
    void contentThatCannotBeTakenYet_givesWayToAnother() throws IOException {
        ConfigFile file = open("a");
        Files.writeString(directory.resolve("proxy.json"), "b");
        done = false;
        poll(file, 2);
        done = true;
        Files.writeString(directory.resolve("proxy.json"), "a");
        poll(file, 3);
        assertThat(seen).containsExactly("b", "a");
    }

    @Test
    void fileReplacedByRename_isNoticed() throws IOException {
        ConfigFile file = open("a");
        Path next = Files.writeString(directory.resolve("next"), "b");
        Files.move(next, directory.resolve("proxy.json"), StandardCopyOption.REPLACE_EXISTING);
        poll(file, 2);
        assertThat(seen).containsExactly("b");
    }

    @Test
    void fileThatWentAway_isToldOnceAndTakenAgain() throws IOException {
        ConfigFile file = open("a");
        Files.delete(directory.resolve("proxy.json"));
        poll(file, 3);
        assertThat(printed.toString(StandardCharsets.UTF_8)).containsOnlyOnce("no such file");
        Files.writeString(directory.resolve("proxy.json"), "b");
        poll(file, 2);
        assertThat(seen).containsExactly("b");
    }

    @Test
    void fileThatIsNotThereAtFirst_fails() {
        ConfigFile file = new ConfigFile(directory.resolve("none"), System.err);
        assertThatThrownBy(file::read).isInstanceOf(UncheckedIOException.class).hasMessage("no such file");
    }
}
