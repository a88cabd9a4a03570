package org.attentionzoo.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.attentionzoo.blocks.UserException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigsTest {

  enum Activation {
    GELU,
    RELU_SQUARED
  }

  record Optimizer(String name, double lr, float decay) {}

  record Run(
      long steps,
      int width,
      Integer window,
      boolean causal,
      Activation activation,
      Optional<Integer> limit,
      List<Integer> kernels,
      Map<String, Object> model,
      Path out,
      Optimizer optimizer) {
    Run {
      if (width % 8 != 0) {
        throw new IllegalArgumentException("width " + width + " is no multiple of 8");
      }
    }
  }

  private static final Run RUN =
      new Run(
          10L,
          64,
          null,
          true,
          Activation.GELU,
          Optional.empty(),
          List.of(3, 5),
          Map.of("depth", 2),
          Path.of("runs/a"),
          new Optimizer("adamw", 1e-3, 0.1f));

  @Test
  void overridesEveryKindOfComponent() {
    Run changed =
        Configs.override(
            RUN,
            List.of(
                "steps=1e6",
                "width=96",
                "window=128",
                "causal=false",
                "activation=relu-squared",
                "limit=7",
                "kernels=[7, 9]",
                "model.width=32",
                "out=/tmp/x y",
                "optimizer.lr=3e-4",
                "optimizer.name=007"));
    assertThat(changed)
        .isEqualTo(
            new Run(
                1_000_000L,
                96,
                128,
                false,
                Activation.RELU_SQUARED,
                Optional.of(7),
                List.of(7, 9),
                Map.of("depth", 2, "width", 32),
                Path.of("/tmp/x y"),
                new Optimizer("007", 3e-4, 0.1f)));
    assertThat(RUN.width()).isEqualTo(64);
  }

  @Test
  void overridesAWholeNestedRecordAndNull() {
    Run changed = Configs.override(RUN, List.of("optimizer={lr: 2e-2}", "window=4", "window=null"));
    assertThat(changed.optimizer()).isEqualTo(new Optimizer("adamw", 2e-2, 0.1f));
    assertThat(changed.window()).isNull();
  }

  @Test
  void checksOnlyTheResultOfSeveralSettings() {
    assertThat(Configs.override(RUN, List.of("width=7", "width=16")).width()).isEqualTo(16);
  }

  @Test
  void dropsNoPartOfASettingForTheWhole() {
    for (List<String> settings :
        List.of(
            List.of("optimizer.lr=3", "optimizer={decay: 2}"),
            List.of("optimizer={decay: 2}", "optimizer.lr=3"))) {
      assertThatThrownBy(() -> Configs.override(RUN, settings))
          .isInstanceOf(UserException.class)
          .hasMessage(
              "'optimizer.lr' sets a part of 'optimizer', which another setting replaces; keep one");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "widht=3|unknown key 'widht'; did you mean 'width'?",
        "optimizer.lrr=3|unknown key 'optimizer.lrr'; did you mean 'optimizer.lr'?",
        "lr=3|optimizer.lr",
        "optimizer.lr.x=3|unknown key 'optimizer.lr.x': 'optimizer.lr' has no parts",
        "width=abc|key 'width' is 'abc'; expected a whole number",
        "width=3.5|key 'width' is '3.5'; expected a whole number",
        "width=99999999999|key 'width' is '99999999999'; expected a whole number",
        "width=null|key 'width' is 'null'; expected a whole number",
        "steps=|key 'steps' is ''; expected a whole number",
        "causal=maybe|key 'causal' is 'maybe'; expected true or false",
        "activation=tanh|key 'activation' is 'tanh'; expected one of gelu, relu-squared",
        "optimizer.lr=fast|key 'optimizer.lr' is 'fast'; expected a number",
        "optimizer=adamw|key 'optimizer' is 'adamw'; expected a map of name, lr, decay",
        "kernels=3|key 'kernels' is '3'; expected a list, each item a whole number",
        "kernels=[a]|key 'kernels.0' is 'a'; expected a whole number",
        "width=60|width 60 is no multiple of 8",
        "width|'width' is no setting; write key=value",
        "=3|'=3' is no setting",
      })
  void refusesWithOneLineThatNamesTheKey(String setting, String message) {
    assertThatThrownBy(() -> Configs.override(RUN, List.of(setting)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining(message)
        .hasMessageNotContaining("\n");
  }

  @Test
  void goesThroughYamlUnchanged() {
    String yaml = Configs.toYaml(RUN);
    assertThat(Configs.fromMap(Run.class, Configs.parse(yaml, "test"))).isEqualTo(RUN);
    assertThat(yaml).contains("activation: gelu").doesNotContain("limit");
  }

  @Test
  void overlaysAPartialMap() {
    Run changed = Configs.fromMap(RUN, Configs.parse("steps: 3\noptimizer:\n  lr: 3e-4\n", "test"));
    assertThat(changed.steps()).isEqualTo(3);
    assertThat(changed.optimizer()).isEqualTo(new Optimizer("adamw", 3e-4, 0.1f));
    assertThat(changed.kernels()).containsExactly(3, 5);
  }

  @Test
  void namesAMissingKey() {
    Map<String, Object> values = new LinkedHashMap<>(Configs.toMap(RUN));
    values.put("optimizer", Map.of("name", "sgd", "lr", 0.1));
    assertThatThrownBy(() -> Configs.fromMap(Run.class, values))
        .isInstanceOf(UserException.class)
        .hasMessage("key 'optimizer.decay' is missing; expected a number");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'a: 1\na: 2'|Duplicate field 'a'",
        "'a: [1'|line",
        "'just text'|expected a YAML map",
        "'a: 1\n---\nb: 2'|r.yaml",
      })
  void refusesBadYaml(String yaml, String message) {
    assertThatThrownBy(() -> Configs.parse(yaml, "r.yaml"))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith("r.yaml")
        .hasMessageContaining(message)
        .hasMessageNotContaining("\n");
  }

  @Test
  void readsAnEmptyText() {
    assertThat(Configs.parse("# nothing\n", "r.yaml")).isEmpty();
    assertThat(Configs.parse("", "r.yaml")).isEmpty();
  }

  @Test
  void listsAllKeys() {
    assertThat(Configs.keys(RUN)).contains("steps", "optimizer.lr").doesNotContain("optimizer");
  }
}
