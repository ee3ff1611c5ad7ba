package io.fairlead.proxy.internal.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fairlead.proxy.ConfigurationException;
import io.fairlead.proxy.internal.config.TargetList;
import io.fairlead.proxy.upstream.Target;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FinderTest {
    @TempDir
    Path folder;

    @Test
    void lines_areTargetsWithWeights() {
        assertThat(TargetList.read("# ours\nhttp://a:1\n\n  http://b:2   weight=3  \r\n"))
                .containsExactly(
                        Target.of("http://a:1"),
                        Target.builder("http://b:2").weight(3).build());
    }

    @Test
    void linesAndJson_carryPriorityAndZone() {
        Target backup =
                Target.builder("http://b").priority(1).zone("eu-1a").weight(2).build();
        assertThat(TargetList.read("http://a\nhttp://b zone=eu-1a priority=1 weight=2"))
                .containsExactly(Target.of("http://a"), backup);
        assertThat(TargetList.read("[{\"url\": \"http://b\", \"priority\": 1, \"zone\": \"eu-1a\", \"weight\": 2}]"))
                .containsExactly(backup);
        assertThatThrownBy(() -> TargetList.read("http://a priority=128\nhttp://b zone=\nhttp://c zone"))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("line 1.priority: 128 (expected: 0 to 127)")
                .hasMessageContaining("line 2.zone")
                .hasMessageContaining("line 3");
        assertThatThrownBy(() -> TargetList.check(
                        List.of(Target.builder("http://a").zone("a\nb").build())))
                .hasMessageContaining("targets[0].zone");
    }

    @Test
    void jsonList_isAsInTheConfiguration() {
        assertThat(TargetList.read("[\"http://a:1\", {\"url\": \"http://b:2\", \"weight\": 0}]"))
                .containsExactly(
                        Target.of("http://a:1"),
                        Target.builder("http://b:2").weight(0).build());
    }

    @Test
    void textThatIsWrong_isToldWithEachPlace() {
        assertThatThrownBy(() -> TargetList.read("http://a:1\nftp://b\nhttp://c heavy"))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("line 2")
                .hasMessageContaining("line 3");
        assertThatThrownBy(() -> TargetList.read("[\"http://a\", 5")).isInstanceOf(ConfigurationException.class);
        assertThatThrownBy(() -> TargetList.check(List.of())).isInstanceOf(ConfigurationException.class);
        assertThatThrownBy(() -> TargetList.check(List.of(Target.of("http://a"), Target.of("http://a"))))
                .hasMessageContaining("targets[1].url");
    }

    /** Such a target had its share and its limits twice. */
    @ParameterizedTest
    @CsvSource({
        "http://localhost:80, HTTP://LOCALHOST",
        "http://localhost:8080, http://localhost:08080",
        "http://[::1]:80, http://[::1]"
    })
    void oneTargetSpeltTwoWays_isADuplicate(String one, String other) {
        assertThatThrownBy(() -> TargetList.check(List.of(Target.of(one), Target.of(other))))
                .hasMessageContaining("targets[1].url: \"" + other + "\"");
    }

    @Test
    void targetsThatLookAlike_areTwo() {
        TargetList.check(List.of(
                Target.of("http://[::1]"), Target.of("http://[::80]"), Target.of("http://a:8"), Target.of("http://a")));
    }

    /** What the next two looks give: a change counts with the second. */
    private static @Nullable List<Target> settled(FileFinder finder) throws IOException {
        assertThat(finder.find()).isNull();
        return finder.find();
    }

    @Test
    void file_isHandedOnOnlyWhenItHasChanged() throws IOException {
        Path file = Files.writeString(folder.resolve("targets"), "http://a:1");
        FileFinder finder = new FileFinder(file);
        assertThat(finder.find()).containsExactly(Target.of("http://a:1"));
        assertThat(finder.find()).isNull();
        Files.writeString(file, "http://b:1");
        assertThat(settled(finder)).containsExactly(Target.of("http://b:1"));
        assertThat(finder.find()).isNull();

        // A wrong one is told once.
        Files.writeString(file, "nonsense!");
        assertThat(finder.find()).isNull();
        assertThatThrownBy(finder::find).isInstanceOf(ConfigurationException.class);
        assertThat(finder.find()).isNull();
    }

    /** Such a change was never read: only the time, the size and the key of a file were looked at. */
    @Test
    void changeThatKeepsTimeSizeAndPlace_isSeen() throws IOException {
        Path file = Files.writeString(folder.resolve("targets"), "http://a:1");
        FileFinder finder = new FileFinder(file);
        finder.find();
        FileTime time = Files.getLastModifiedTime(file);
        Files.writeString(file, "http://b:1");
        Files.setLastModifiedTime(file, time);
        assertThat(settled(finder)).containsExactly(Target.of("http://b:1"));
    }

    /** Half an URL is one too, and such a target was put in force until the writer had finished. */
    @Test
    void fileThatIsBeingWritten_isWaitedFor() throws IOException {
        Path file = Files.writeString(folder.resolve("targets"), "http://a:8080");
        FileFinder finder = new FileFinder(file);
        finder.find();
        Files.writeString(file, "");
        assertThat(finder.find()).isNull();
        Files.writeString(file, "http://b:80");
        assertThat(finder.find()).isNull();
        Files.writeString(file, "http://b:8080\n");
        assertThat(settled(finder)).containsExactly(Target.of("http://b:8080"));
    }

    @Test
    void changeThatIsTakenBack_isNone() throws IOException {
        Path file = Files.writeString(folder.resolve("targets"), "http://a:1");
        FileFinder finder = new FileFinder(file);
        finder.find();
        Files.writeString(file, "http://b:1");
        assertThat(finder.find()).isNull();
        Files.writeString(file, "http://a:1");
        assertThat(settled(finder)).isNull();
    }

    /** After other errors than a missing file nothing was told of one that came back as it had been. */
    @Test
    void fileThatCannotBeRead_isHandedOnAgainWhenItCan() throws IOException {
        Path sub = Files.createDirectory(folder.resolve("sub"));
        Path file = Files.writeString(sub.resolve("targets"), "http://a:1");
        FileFinder finder = new FileFinder(file);
        finder.find();
        Path away = Files.move(sub, folder.resolve("away"));
        assertThatThrownBy(finder::find).isInstanceOf(IOException.class).hasMessage("no such file: " + file);
        Files.writeString(sub, "not a folder");
        assertThatThrownBy(finder::find).isInstanceOf(IOException.class).hasMessageStartingWith(file + ": ");
        Files.delete(sub);
        Files.move(away, sub);
        assertThat(settled(finder)).containsExactly(Target.of("http://a:1"));

        Files.writeString(file, "#".repeat((1 << 20) + 1));
        assertThatThrownBy(finder::find).hasMessage(file + ": more than 1048576 bytes");
        Files.writeString(file, "http://a:1");
        assertThat(settled(finder)).containsExactly(Target.of("http://a:1"));
    }

    /** To open a pipe waits for a writer, and the thread that looks would wait for ever. */
    @Test
    void pipe_isAFailure() throws Exception {
        Path pipe = folder.resolve("pipe");
        assumeTrue(makePipe(pipe), "no mkfifo here");
        assertThatThrownBy(new FileFinder(pipe)::find).hasMessage(pipe + ": not a regular file");
    }

    private static boolean makePipe(Path pipe) throws InterruptedException {
        try {
            return new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void name_isATargetForEachAddressInAnOrderOfItsOwn() throws Exception {
        InetAddress four = InetAddress.getByName("10.0.0.2");
        InetAddress one = InetAddress.getByName("10.0.0.1");
        InetAddress six = InetAddress.getByName("fe80::1");
        DnsFinder finder = new DnsFinder("http://catalog:8080", host -> {
            assertThat(host).isEqualTo("catalog");
            return new InetAddress[] {four, six, one, four};
        });
        assertThat(finder.find())
                .extracting(Target::url)
                .containsExactly("http://10.0.0.1:8080", "http://10.0.0.2:8080", "http://[fe80:0:0:0:0:0:0:1]:8080");
        assertThat(new DnsFinder("http://catalog", host -> new InetAddress[] {one}).find())
                .containsExactly(Target.of("http://10.0.0.1"));
    }
}
