package org.attentionzoo.datasets.generated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.generated.AssociativeRecall.Options;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

final class AssociativeRecallTest {

  private static final Options STANDARD = Options.standard();

  private record Example(long[] tokens, long[] labels) {}

  static List<Options> options() {
    return List.of(
        STANDARD,
        Options.singleQuery(),
        new Options(3, 8, 2, 2, 2, 1, 1, 4, 7, 5),
        new Options(4, 64, 5, 40, 9, 3, 4, 30, 9, 5));
  }

  @ParameterizedTest
  @MethodSource("options")
  void everyQueryHasItsAnswerOnceAndFarEnoughAway(Options o) {
    for (Example example : draw(o, 1, 40)) {
      Map<Long, Long> shown = new HashMap<>();
      Map<Long, Integer> valueAt = new HashMap<>();
      int tail = o.length() - o.queries();
      for (int i = 0; i < tail; i++) {
        long token = example.tokens[i];
        assertThat(example.labels[i]).isEqualTo(AssociativeRecall.IGNORED);
        if (isKey(o, token)) {
          long value = example.tokens[i + 1];
          assertThat(isValue(o, value)).isTrue();
          assertThat(shown.put(token, value)).as("key shown once").isNull();
          assertThat(valueAt.put(value, i + 1)).as("value shown once").isNull();
        } else if (isValue(o, token)) {
          assertThat(isKey(o, example.tokens[i - 1])).isTrue();
        } else {
          assertThat(token).isBetween(0L, o.fillers() - 1L);
        }
      }
      assertThat(shown).hasSize(o.pairs());
      Set<Long> asked = new HashSet<>();
      for (int i = tail; i < o.length(); i++) {
        assertThat(asked.add(example.tokens[i])).as("key asked once").isTrue();
        assertThat(example.labels[i]).isEqualTo(shown.get(example.tokens[i]));
        assertThat(i - valueAt.get(example.labels[i])).isGreaterThanOrEqualTo(o.minimumDistance());
      }
    }
  }

  @Test
  void nearestAnswerIsExactlyAtTheMinimumDistance() {
    Options o = Options.singleQuery();
    int nearest = Integer.MAX_VALUE;
    for (Example example : draw(o, 3, 200)) {
      int query = o.length() - 1;
      for (int i = 0; i < query; i++) {
        if (example.tokens[i] == example.labels[query]) {
          nearest = Math.min(nearest, query - i);
        }
      }
    }
    assertThat(nearest).isEqualTo(16);
  }

  @Test
  void attentionWindowOfSixteenSeesNoAnswer() {
    Options o = Options.singleQuery();
    for (Example example : draw(o, 4, 100)) {
      for (int i = o.length() - 16; i < o.length() - 1; i++) {
        assertThat(isValue(o, example.tokens[i])).isFalse();
      }
    }
  }

  @Test
  void keysValuesFillersAndPlacesAreUniform() {
    int[] tokens = new int[96];
    int[] labels = new int[96];
    int[] keyPlaces = new int[64];
    List<Example> examples = draw(STANDARD, 9, 200);
    for (Example example : examples) {
      for (int i = 0; i < 128; i++) {
        tokens[(int) example.tokens[i]]++;
        if (i < 64 && isKey(STANDARD, example.tokens[i])) {
          keyPlaces[i]++;
        }
        if (example.labels[i] >= 0) {
          labels[(int) example.labels[i]]++;
        }
      }
    }
    int n = examples.size();
    assertThat(n).isEqualTo(6400);
    // Expected counts and five standard deviations of a binomial or, for choices without
    // replacement, less.
    for (int token = 0; token < 32; token++) {
      assertThat(tokens[token]).as("filler").isCloseTo(n * 80 / 32, within(635));
      assertThat(tokens[32 + token]).as("key").isCloseTo(n, within(400));
      assertThat(tokens[64 + token]).as("value").isCloseTo(n / 2, within(200));
      assertThat(labels[64 + token]).as("label").isCloseTo(n / 2, within(200));
      assertThat(labels[token] + labels[32 + token]).isZero();
    }
    // 16 pairs among 65 places: a place is a key's with probability 16 / 65 inside the head, more
    // at its first place, where no pair can begin one place earlier.
    for (int place = 10; place < 54; place++) {
      assertThat(keyPlaces[place]).as("place %d", place).isCloseTo(n * 16 / 65, within(175));
    }
    assertThat(keyPlaces[0]).isCloseTo(n * 16 / 49, within(190));
    assertThat(keyPlaces[63]).isCloseTo(n * 16 / 49, within(190));
  }

  @Test
  void guessingReachesChanceAndLookingUpReachesAll() {
    AssociativeRecall recall = new AssociativeRecall(STANDARD);
    assertThat(recall.chance()).isEqualTo(1.0 / 32);
    assertThat(recall.chanceAmongShown()).isEqualTo(1.0 / 16);
    assertThat(recall.vocabulary()).isEqualTo(96);
    int constant = 0;
    int lastShown = 0;
    int asked = 0;
    for (Example example : draw(STANDARD, 11, 200)) {
      long last = -1;
      for (int i = 0; i < 128; i++) {
        last = isValue(STANDARD, example.tokens[i]) ? example.tokens[i] : last;
        if (example.labels[i] >= 0) {
          asked++;
          constant += example.labels[i] == 64 ? 1 : 0;
          lastShown += example.labels[i] == last ? 1 : 0;
        }
      }
    }
    assertThat(asked).isEqualTo(6400 * 16);
    assertThat((double) constant / asked).isCloseTo(recall.chance(), within(0.003));
    assertThat((double) lastShown / asked).isCloseTo(recall.chanceAmongShown(), within(1e-12));
  }

  @Test
  void trainingIsAFunctionOfSeedAndStep() {
    assertThat(tokens(draw(STANDARD, 5, 3))).isEqualTo(tokens(draw(STANDARD, 5, 3)));
    assertThat(tokens(draw(STANDARD, 6, 1))).isNotEqualTo(tokens(draw(STANDARD, 5, 1)));
    Set<List<Long>> different = new HashSet<>(tokens(draw(STANDARD, 5, 20)));
    assertThat(different).hasSize(640);
  }

  @Test
  void validationIsFixedCompleteAndUnlikeTraining() {
    Options o = new Options(32, 128, 16, 32, 32, 32, 16, 48, 70, 5);
    AssociativeRecall recall = new AssociativeRecall(o);
    assertThat(recall.validationBatches()).isEqualTo(3);
    List<Long> ids = new ArrayList<>();
    Set<List<Long>> sequences = new HashSet<>(tokens(draw(o, 5, 3)));
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int i = 0; i < 3; i++) {
        Batch batch = recall.validation(manager, i);
        Batch again = new AssociativeRecall(o).validation(manager, i);
        assertThat(batch.inputs().head().toLongArray())
            .isEqualTo(again.inputs().head().toLongArray());
        assertThat(batch.inputs().head().getShape()).isEqualTo(new Shape(i < 2 ? 32 : 6, 128));
        assertThat(batch.inputs().head().getDataType()).isEqualTo(DataType.INT64);
        for (long id : batch.ids()) {
          ids.add(id);
        }
        sequences.addAll(tokens(examples(batch, 128)));
      }
    }
    assertThat(ids).hasSize(70).doesNotHaveDuplicates();
    assertThat(sequences).hasSize(96 + 70);
  }

  @ParameterizedTest
  @CsvSource({
    "128,33,32,64,16,48,pairs=33",
    "128,16,32,15,16,48,values=15",
    "128,16,32,32,17,48,queries=17",
    "94,16,32,32,16,48,at least 95",
    "128,0,32,32,16,48,pairs=0",
    "128,16,32,32,16,-3,minimumDistance=-3"
  })
  void saysWhichOptionsDoNotFit(
      int length, int pairs, int keys, int values, int queries, int distance, String part) {
    Options o = new Options(1, length, pairs, keys, values, 32, queries, distance, 8, 0);
    assertThatThrownBy(() -> new AssociativeRecall(o))
        .isInstanceOf(UserException.class)
        .hasMessageContaining(part);
  }

  @Test
  void shortestLengthIsEnough() {
    Options o = new Options(1, 95, 16, 32, 32, 32, 16, 48, 8, 0);
    assertThat(draw(o, 0, 3)).hasSize(3);
  }

  private static boolean isKey(Options o, long token) {
    return token >= o.fillers() && token < o.fillers() + o.keys();
  }

  private static boolean isValue(Options o, long token) {
    return token >= o.fillers() + o.keys() && token < o.fillers() + o.keys() + o.values();
  }

  private static List<Example> draw(Options o, long seed, int steps) {
    AssociativeRecall recall = new AssociativeRecall(o);
    List<Example> drawn = new ArrayList<>();
    for (int step = 0; step < steps; step++) {
      try (NDManager manager = NDManager.newBaseManager()) {
        drawn.addAll(examples(recall.training(manager, seed, step), o.length()));
      }
    }
    return drawn;
  }

  private static List<Example> examples(Batch batch, int length) {
    long[] inputs = batch.inputs().singletonOrThrow().toLongArray();
    long[] labels = batch.labels().singletonOrThrow().toLongArray();
    List<Example> found = new ArrayList<>();
    for (int start = 0; start < inputs.length; start += length) {
      found.add(
          new Example(
              Arrays.copyOfRange(inputs, start, start + length),
              Arrays.copyOfRange(labels, start, start + length)));
    }
    return found;
  }

  private static List<List<Long>> tokens(List<Example> examples) {
    return examples.stream().map(e -> Arrays.stream(e.tokens).boxed().toList()).toList();
  }
}
