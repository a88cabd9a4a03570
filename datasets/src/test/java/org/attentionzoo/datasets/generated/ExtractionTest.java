package org.attentionzoo.datasets.generated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.generated.Extraction.Options;
import org.junit.jupiter.api.Test;

class ExtractionTest {

  private static final Options OPTIONS = new Options(16, 9, 4, 5, 20, 1);

  @Test
  void labelsAreTheMarkedSymbolsInOrderAndTheTargetIsOneBehind() {
    Set<List<Integer>> seen = new HashSet<>();
    try (NDManager manager = NDManager.newBaseManager()) {
      Batch batch = new Extraction(OPTIONS).training(manager, 2, 7);
      long[] sources = batch.inputs().get(0).toLongArray();
      long[] targets = batch.inputs().get(1).toLongArray();
      long[] labels = batch.labels().head().toLongArray();
      for (int row = 0; row < 16; row++) {
        List<Long> marked = new ArrayList<>();
        List<Integer> places = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
          long token = sources[row * 9 + i];
          assertThat(token).isBetween(1L, 10L);
          if (token > 5) {
            marked.add(token - 5);
            places.add(i);
          }
        }
        seen.add(places);
        assertThat(marked).hasSize(4);
        for (int i = 0; i < 4; i++) {
          assertThat(labels[row * 4 + i]).isEqualTo(marked.get(i));
          assertThat(targets[row * 4 + i]).isEqualTo(i == 0 ? 0 : labels[row * 4 + i - 1]);
        }
      }
    }
    assertThat(seen).as("places differ").hasSizeGreaterThan(8);
  }

  @Test
  void moreMarksThanSymbolsAreRefused() {
    assertThatThrownBy(() -> new Extraction(new Options(1, 3, 4, 5, 1, 0)))
        .isInstanceOf(UserException.class)
        .hasMessage("marked=4 is more than length=3");
  }
}
