package org.attentionzoo.datasets.generated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.generated.PermutedTokens.Options;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PermutedTokensTest {

  private static final int MASK = PermutedTokens.MASK;
  private static final int IGNORED = PermutedTokens.IGNORED;

  private static Options options(double masked, boolean originals, long permutationSeed) {
    return new Options(16, 48, 32, 3, 0.15, masked, originals, permutationSeed, 512, 0);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 7})
  void thePermutationIsASingleCycle(long seed) {
    PermutedTokens tokens = new PermutedTokens(options(0.8, false, seed));
    Set<Integer> seen = new HashSet<>();
    int token = 2;
    while (seen.add(token)) {
      token = tokens.successor(token);
    }
    assertThat(seen).hasSize(32);
    assertThat(tokens.vocabulary()).isEqualTo(34);
  }

  @Test
  void tokensFollowFromThoseBeforeTheLagAndLabelsTellWhatIsHidden() {
    PermutedTokens tokens = new PermutedTokens(options(0.8, true, 0));
    int chosen = 0;
    int masks = 0;
    int kept = 0;
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int step = 0; step < 40; step++) {
        Batch batch = tokens.training(manager, 3, step);
        long[] inputs = batch.inputs().get(0).toLongArray();
        long[] originals = batch.inputs().get(1).toLongArray();
        long[] labels = batch.labels().head().toLongArray();
        for (int i = 0; i < inputs.length; i++) {
          if (i % 48 >= 3) {
            assertThat(originals[i]).isEqualTo(tokens.successor((int) originals[i - 3]));
          }
          if (labels[i] == IGNORED) {
            assertThat(inputs[i]).isEqualTo(originals[i]);
          } else {
            assertThat(labels[i]).isEqualTo(originals[i]);
            chosen++;
            masks += inputs[i] == MASK ? 1 : 0;
            kept += inputs[i] == originals[i] ? 1 : 0;
          }
        }
      }
    }
    double share = (double) chosen / (40 * 16 * 48);
    assertThat(share).isCloseTo(0.15 + 0.85 / 48, within(0.01));
    assertThat((double) masks / chosen).isCloseTo(0.8, within(0.02));
    // 31 of 32 replacements are another symbol
    assertThat((double) kept / chosen).isCloseTo(0.1 + 0.1 / 32, within(0.02));
  }

  /**
   * Who sees which tokens there are, but not where, answers alike at all masks of a sequence. Even
   * told what is hidden, the best answer is the hidden symbol that is the most frequent.
   */
  @Test
  void whoKnowsNoPlacesCannotRecoverAQuarterOfTheMasks() {
    PermutedTokens tokens = new PermutedTokens(options(0.8, false, 0));
    int right = 0;
    int all = 0;
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int index = 0; index < tokens.validationBatches(); index++) {
        Batch batch = tokens.validation(manager, index);
        long[] inputs = batch.inputs().head().toLongArray();
        long[] labels = batch.labels().head().toLongArray();
        for (int row = 0; row < inputs.length / 48; row++) {
          Map<Long, Integer> hidden = new HashMap<>();
          for (int i = row * 48; i < (row + 1) * 48; i++) {
            assertThat(labels[i] != IGNORED).isEqualTo(inputs[i] == MASK);
            if (labels[i] != IGNORED) {
              hidden.merge(labels[i], 1, Integer::sum);
              all++;
            }
          }
          right += hidden.values().stream().mapToInt(n -> n).max().orElse(0);
        }
      }
    }
    assertThat((double) right / all).isLessThan(0.25);
  }

  @Test
  void sharesThatHideNothingAreRefused() {
    assertThatThrownBy(() -> new PermutedTokens(options(0, false, 0)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("masked=0");
  }
}
