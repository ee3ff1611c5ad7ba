package io.fairlead.proxy.internal.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.proxy.ConfigurationException;
import io.fairlead.proxy.internal.config.TargetList;
import io.fairlead.proxy.upstream.Target;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

    @Test
    void file_isReadOnlyWhenItHasChanged() throws IOException {
        Path file = folder.resolve("targets");
        FileFinder finder = new FileFinder(file);
        assertThatThrownBy(finder::find).isInstanceOf(IOException.class).hasMessageContaining("no such file");
        Files.writeString(file, "http://a:1");
        assertThat(finder.find()).containsExactly(Target.of("http://a:1"));
        assertThat(finder.find()).isNull();

        // One of the same size and time, put in its place.
        FileTime time = Files.getLastModifiedTime(file);
        Path other = Files.writeString(folder.resolve("other"), "http://b:1");
        Files.setLastModifiedTime(other, time);
        Files.move(other, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        assertThat(finder.find()).containsExactly(Target.of("http://b:1"));

        // A wrong one is told once.
        Files.writeString(file, "nonsense!");
        assertThatThrownBy(finder::find).isInstanceOf(ConfigurationException.class);
        assertThat(finder.find()).isNull();
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
