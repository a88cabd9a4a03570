package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What {@code scripts/zoo} sets up for the commands. */
class ScriptTest {

  private static final Path SCRIPT = Path.of("..", "scripts", "zoo");

  /** A command that computes without the allocator's settings takes several times as long. */
  @Test
  void preparesEveryCommandThatComputes() throws IOException {
    Set<String> others =
        Set.of(
            "list", "show", "report", "results", "pull", "data", "inspect", "convert", "completion",
            "help");
    Matcher prepared =
        Pattern.compile("\\n  (train \\|[^)]*)\\)").matcher(Files.readString(SCRIPT));
    assertThat(prepared.find()).isTrue();
    Set<String> computing = new TreeSet<>(Zoo.commandLine().getSubcommands().keySet());
    computing.removeAll(others);
    assertThat(Arrays.stream(prepared.group(1).split("\\|")).map(String::strip))
        .containsExactlyInAnyOrderElementsOf(computing);
  }
}
