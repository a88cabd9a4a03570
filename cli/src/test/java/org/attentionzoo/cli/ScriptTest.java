package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
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
    String function =
        Files.readString(SCRIPT).replaceAll("(?s).*(\\nuse_utf8\\(\\).*?\\n}\\n).*", "$1");
    ProcessBuilder bash = new ProcessBuilder("bash", "-c", function + "use_utf8\nlocale charmap");
    bash.environment().put("LC_ALL", locale);
    Process process = bash.redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String charmap = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    assertThat(charmap.strip()).isEqualTo("UTF-8");
  }
}
