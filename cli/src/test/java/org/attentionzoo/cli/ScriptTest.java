package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.attentionzoo.training.run.ProcessMemory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIf;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code scripts/zoo} sets up for the commands. */
class ScriptTest {

  private static final Path SCRIPT = Path.of("..", "scripts", "zoo");

  /** A command that computes without the allocator's settings takes several times as long. */
  @Test
  void preparesEveryCommandThatComputes() throws IOException {
    Set<String> others =
        Set.of(
            "list",
            "show",
            "report",
            "results",
            "pull",
            "data",
            "inspect",
            "convert",
            "completion",
            "help");
    Matcher prepared =
        Pattern.compile("\\n  (train \\|[^)]*)\\)").matcher(Files.readString(SCRIPT));
    assertThat(prepared.find()).isTrue();
    Set<String> computing = new TreeSet<>(Zoo.commandLine().getSubcommands().keySet());
    computing.removeAll(others);
    assertThat(Arrays.stream(prepared.group(1).split("\\|")).map(String::strip))
        .containsExactlyInAnyOrderElementsOf(computing);
  }

  /** In ASCII Java finds no file whose name has other letters. */
  @ParameterizedTest
  @ValueSource(strings = {"C", "POSIX", "xx_XX.UTF-8"})
  void readsPathsAsUtf8WhereNoLocaleIsSet(String locale) throws IOException, InterruptedException {
    String charmap =
        bash(Map.of("LC_ALL", locale), function("use_utf8") + "use_utf8\nlocale charmap");
    assertThat(charmap).isEqualTo("UTF-8");
  }

  /** Else Linux kills a process whose steps grow beyond the memory, without a word. */
  @Test
  @EnabledOnOs(OS.LINUX)
  @DisabledIf("hasGpu")
  void boundsMemoryByWhatThereIsUnlessItIsBounded() throws IOException, InterruptedException {
    String limit = function("limit_memory") + "limit_memory\nulimit -S -d";
    assertThat(bash(Map.of(), "ulimit -S -d 123456789\n" + limit)).isEqualTo("123456789");
    long available = ProcessMemory.available().orElseThrow() / 1024;
    long gigabyte = 1 << 20;
    if (bash(Map.of(), "ulimit -S -d").equals("unlimited") && available > 4 * gigabyte) {
      assertThat(Long.parseLong(bash(Map.of(), limit))).isBetween(gigabyte, 2 * available);
    }
  }

  static boolean hasGpu() {
    return Files.exists(Path.of("/dev/nvidiactl"));
  }

  private static String function(String name) throws IOException {
    return Files.readString(SCRIPT).replaceAll("(?s).*(\\n" + name + "\\(\\).*?\\n}\\n).*", "$1");
  }

  private static String bash(Map<String, String> environment, String program)
      throws IOException, InterruptedException {
    ProcessBuilder bash = new ProcessBuilder("bash", "-c", program);
    bash.environment().putAll(environment);
    Process process = bash.redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return output.strip();
  }
}
