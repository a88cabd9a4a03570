package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.Model.CommandSpec;

class ZooTest {

  @ParameterizedTest
  @ValueSource(strings = {"--help", "-h", "help", ""})
  void printsHelpOnStandardOutput(String argument) {
    Run run = argument.isEmpty() ? Run.zoo() : Run.zoo(argument);
    assertThat(run.exit()).isZero();
    assertThat(run.out()).contains("Usage: zoo", "doctor", "Exit codes:");
    assertThat(run.err()).isEmpty();
  }

  @Test
  void printsVersionsOfTheEngineToo() {
    Run run = Run.zoo("--version");
    assertThat(run.exit()).isZero();
    assertThat(run.out())
        .containsPattern("Attention Zoo \\d+\\.\\d+")
        .containsPattern("DJL \\d+\\.\\d+\\.\\d+, PyTorch engine \\d+\\.\\d+\\.\\d+")
        .contains("Java " + System.getProperty("java.version"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "docter | zoo: unknown command docter; did you mean 'doctor'?",
        "zzz | zoo: unknown command zzz",
        "--versoin | zoo: unknown option --versoin; did you mean '--version'?",
        "doctor --jsn | zoo doctor: unknown option --jsn; did you mean '--json'?",
        "doctor extra | zoo doctor: unexpected argument extra",
        "show | zoo show: missing required parameter: 'PAPER|MODEL'",
        "show titan-s | zoo show: unknown paper or model 'titan-s'",
        "list zzzz | zoo list: nothing matches 'zzzz'",
      })
  void refusesWhatItDoesNotKnowInOneLine(String line, String message) {
    Run run = Run.zoo(line.split(" "));
    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
    assertThat(run.err().lines()).singleElement().asString().startsWith(message);
  }

  @Test
  void showsTheStackTraceOnlyWhenAsked() {
    assertThat(Run.zoo("-v", "docter").err()).contains("\tat ");
    assertThat(Run.zoo("docter", "-v").err()).contains("zoo: unknown");
  }

  @Test
  void explainsItselfInWholeSentences() {
    List<String> explanations = new ArrayList<>();
    Zoo.commandLine()
        .getSubcommands()
        .values()
        .forEach(command -> collect(command.getCommandSpec(), explanations));
    assertThat(explanations)
        .hasSizeGreaterThan(200)
        .allMatch(
            text -> text.isBlank() || text.startsWith("  ") || text.matches("(?s).*([.:])(%n)?"));
  }

  private static void collect(CommandSpec command, List<String> explanations) {
    explanations.addAll(List.of(command.usageMessage().description()));
    command.args().forEach(argument -> explanations.addAll(List.of(argument.description())));
    command.subcommands().values().forEach(sub -> collect(sub.getCommandSpec(), explanations));
  }

  @Test
  void printsACompletionScript() {
    Run run = Run.zoo("completion");
    assertThat(run.exit()).isZero();
    assertThat(run.out()).contains("complete -F _complete_zoo", "zsh", "doctor", "--version");
  }
}
