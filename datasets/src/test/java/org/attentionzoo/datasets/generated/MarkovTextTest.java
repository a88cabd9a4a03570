package org.attentionzoo.datasets.generated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.generated.MarkovText.Options;
import org.attentionzoo.datasets.generated.MarkovText.Predicted;
import org.junit.jupiter.api.Test;

class MarkovTextTest {

  private static Options domain(int domain) {
    return new Options(64, 200, 12, 3, 2, domain, 0, 1, 4, 4, Predicted.ALL, 0, 8, 0);
  }

  private static Options pairs(Predicted predicted) {
    return new Options(16, 33, 12, 3, 2, -1, 3, 2, 5, 6, predicted, 0, 8, 0);
  }

  /** Each token's successors with their counts. */
  private static Map<Long, Map<Long, Integer>> transitions(Options options) {
    Map<Long, Map<Long, Integer>> seen = new HashMap<>();
    try (NDManager manager = NDManager.newBaseManager()) {
      Batch batch = new MarkovText(options).training(manager, 5, 0);
      long[] inputs = batch.inputs().head().toLongArray();
      long[] labels = batch.labels().head().toLongArray();
      for (int i = 0; i < inputs.length; i++) {
        seen.computeIfAbsent(inputs[i], k -> new HashMap<>()).merge(labels[i], 1, Integer::sum);
        if ((i + 1) % options.length() != 0) {
          assertThat(labels[i]).isEqualTo(inputs[i + 1]);
        }
      }
    }
    return seen;
  }

  @Test
  void domainsShareNoTransition() {
    Map<Long, Map<Long, Integer>> first = transitions(domain(0));
    Map<Long, Map<Long, Integer>> second = transitions(domain(1));
    first.forEach(
        (token, following) -> {
          assertThat(following).hasSizeLessThanOrEqualTo(3);
          Set<Long> others = second.getOrDefault(token, Map.of()).keySet();
          assertThat(following.keySet()).doesNotContainAnyElementsOf(others);
        });
    assertThat(transitions(domain(-1)).values())
        .anySatisfy(following -> assertThat(following).hasSizeGreaterThan(3));
  }

  @Test
  void successorsAreDrawnByTheirWeights() {
    int all = 0;
    int most = 0;
    int least = 0;
    for (Map<Long, Integer> following : transitions(domain(0)).values()) {
      all += following.values().stream().mapToInt(n -> n).sum();
      most += following.values().stream().mapToInt(n -> n).max().orElse(0);
      least += following.values().stream().mapToInt(n -> n).min().orElse(0);
    }
    assertThat((double) most / all).isBetween(0.48, 0.53);
    assertThat((double) least / all).isBetween(0.14, 0.19);
    assertThat(new MarkovText(Options.standard()).entropy()).isBetween(1.2798, 1.2799);
  }

  @Test
  void queriesAskForTheValuesAtTheBeginning() {
    try (NDManager manager = NDManager.newBaseManager()) {
      MarkovText text = new MarkovText(pairs(Predicted.ALL));
      assertThat(text.vocabulary()).isEqualTo(12 + 5 + 6);
      Batch batch = text.training(manager, 1, 3);
      long[] inputs = batch.inputs().head().toLongArray();
      long[] labels = batch.labels().head().toLongArray();
      for (int row = 0; row < 16; row++) {
        int offset = row * 33;
        Map<Long, Long> shown = new HashMap<>();
        for (int i = 0; i < 6; i += 2) {
          shown.put(inputs[offset + i], inputs[offset + i + 1]);
          assertThat(inputs[offset + i]).isBetween(12L, 16L);
          assertThat(inputs[offset + i + 1]).isBetween(17L, 22L);
          assertThat(labels[offset + i]).isEqualTo(labels[offset + i + 1]).isEqualTo(-1);
        }
        for (int i = 6; i < 26; i++) {
          assertThat(labels[offset + i]).isEqualTo(inputs[offset + i + 1]);
        }
        assertThat(labels[offset + 26]).isEqualTo(-1);
        Set<Long> asked = new HashSet<>();
        for (int i = 27; i < 33; i++) {
          asked.add(inputs[offset + i]);
          assertThat(labels[offset + i]).isEqualTo(shown.get(inputs[offset + i]));
        }
        assertThat(asked).hasSize(3);
      }
    }
  }

  @Test
  void predictsWhatIsAskedFor() {
    try (NDManager manager = NDManager.newBaseManager()) {
      long[] all = labels(manager, Predicted.ALL);
      long[] text = labels(manager, Predicted.TEXT);
      long[] values = labels(manager, Predicted.VALUES);
      for (int i = 0; i < all.length; i++) {
        boolean query = i % 33 >= 27;
        assertThat(text[i]).isEqualTo(query ? -1 : all[i]);
        assertThat(values[i]).isEqualTo(query ? all[i] : -1);
      }
    }
  }

  private static long[] labels(NDManager manager, Predicted predicted) {
    return new MarkovText(pairs(predicted)).validation(manager, 0).labels().head().toLongArray();
  }

  @Test
  void refusesWhatDoesNotFit() {
    assertThatThrownBy(
            () ->
                new MarkovText(new Options(4, 20, 5, 3, 2, -1, 0, 1, 4, 4, Predicted.ALL, 0, 8, 0)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("symbols=6");
    assertThatThrownBy(
            () ->
                new MarkovText(
                    new Options(4, 10, 12, 3, 2, -1, 3, 1, 4, 4, Predicted.ALL, 0, 8, 0)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("at least 11");
  }
}
