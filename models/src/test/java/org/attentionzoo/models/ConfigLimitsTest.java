package org.attentionzoo.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.attentionzoo.blocks.UserException;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** No number of a model's config is taken that can mean nothing. */
class ConfigLimitsTest {

  /** Keys, in models that a pattern names, for which a number below 0 means something. */
  private static final Map<String, String> NEGATIVE =
      Map.ofEntries(
          Map.entry("deberta.*/encoder\\.(convolutionKernel|positionBuckets)", "none"),
          Map.entry("deberta.*/encoder\\.maximumRelativePositions", "as many as positions"),
          Map.entry("deberta.*/encoder\\.(embeddingWidth|tokenTypes)", "that of the width; none"),
          Map.entry("deberta.*/encoder\\.paddingIndex", "none"),
          Map.entry("deberta-rtd/maskToken", "none"),
          Map.entry("hyper-decoder/patchedLayers", "all"),
          Map.entry("hyper-decoder/seed", "any number will do"),
          Map.entry("(landmark-gpt/landmark|dhsa/instruction)", "none"),
          Map.entry("dhsa/threshold", "a share that any similarity reaches"),
          Map.entry("flashbias/energy", "only where a rank is chosen by it"),
          Map.entry("superlinear/spans\\.searchPower", "only without an inversePower"),
          Map.entry("titans-.*/(forget|momentum|rate)Bias", "a bias has any sign"));

  private static final Set<String> SIZES =
      Set.of("width", "hidden", "heads", "vocabulary", "classes", "channels");

  /** Sizes of what a model may be without. */
  private static final Set<String> ABSENT = Set.of("gaam/vocabulary", "seqboat-lm/classes");

  @TestFactory
  List<DynamicTest> refuseWhatMeansNothing() {
    return Papers.load().models().stream()
        .map(model -> DynamicTest.dynamicTest(model.name(), () -> check(model)))
        .toList();
  }

  @Test
  void exceptionsAreOfKeysThatThereAre() {
    Set<String> keys = new TreeSet<>();
    for (ModelEntry<?> model : Papers.load().models()) {
      numbers(first(model)).keySet().forEach(key -> keys.add(model.name() + "/" + key));
    }
    assertThat(NEGATIVE.keySet())
        .allMatch(pattern -> keys.stream().anyMatch(Pattern.compile(pattern).asMatchPredicate()));
    assertThat(keys).containsAll(ABSENT);
  }

  private static <C extends Record> void check(ModelEntry<C> model) {
    C config = first(model);
    List<String> taken = new ArrayList<>();
    numbers(config)
        .forEach(
            (key, value) -> {
              String name = model.name() + "/" + key;
              if (NEGATIVE.keySet().stream().noneMatch(name::matches)) {
                addIfTaken(model, config, key, "-1", taken);
              }
              String last = key.substring(key.lastIndexOf('.') + 1);
              if (SIZES.contains(last) && !ABSENT.contains(name)
                  || last.equals("rotaryBase")
                  || last.toLowerCase(Locale.ROOT).endsWith("epsilon")) {
                addIfTaken(model, config, key, "0", taken);
              }
              if (last.toLowerCase(Locale.ROOT).endsWith("dropout")) {
                addIfTaken(model, config, key, "1", taken);
              }
            });
    assertThat(taken).isEmpty();
  }

  private static <C extends Record> void addIfTaken(
      ModelEntry<C> model, C config, String key, String value, List<String> taken) {
    try {
      assertThat(model.factory().apply(Configs.override(config, key, value))).isNotNull();
      taken.add(key + "=" + value);
    } catch (UserException | IllegalArgumentException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
  }

  private static <C extends Record> C first(ModelEntry<C> model) {
    return model.presets().values().iterator().next();
  }

  private static Map<String, Number> numbers(Record config) {
    Map<String, Number> numbers = new LinkedHashMap<>();
    collect(Configs.toMap(config), "", numbers);
    return numbers;
  }

  private static void collect(Map<?, ?> tree, String prefix, Map<String, Number> numbers) {
    tree.forEach(
        (key, value) -> {
          if (value instanceof Map<?, ?> inner) {
            collect(inner, prefix + key + ".", numbers);
          } else if (value instanceof Number number) {
            numbers.put(prefix + key, number);
          }
        });
  }
}
