package org.attentionzoo.datasets.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.junit.jupiter.api.Test;

final class MaskedTextsTest {

  private static final String LONG = "a b c d e f g h i j k l m n o p q r s t";

  private static List<String> texts() {
    List<String> texts = new ArrayList<>(Collections.nCopies(30, LONG));
    texts.addAll(Collections.nCopies(5, "a b"));
    texts.add("");
    return texts;
  }

  @Test
  void poolsOfOneLengthMaskLikeOthers() {
    try (TextTokenizer tokenizer = TextTokenizer.ofWords(texts(), 100, 0);
        NDManager manager = NDManager.newBaseManager()) {
      MaskedTexts source = new MaskedTexts(texts(), tokenizer, 4, 8, 0.3, 5);
      Batch batch = source.training(manager, 5, 3);
      Batch again = source.training(manager, 5, 3);
      assertThat(again.ids()).containsExactly(batch.ids());
      assertThat(again.inputs().head().toLongArray())
          .containsExactly(batch.inputs().head().toLongArray());
      assertThat(source.training(manager, 5, 4).ids()).isNotEqualTo(batch.ids());
    }
  }

  @Test
  void onlyTokensOfTextAreChosenAndMostOfThemHidden() {
    try (TextTokenizer tokenizer = TextTokenizer.ofWords(texts(), 100, 0);
        NDManager manager = NDManager.newBaseManager()) {
      MaskedTexts source = new MaskedTexts(texts(), tokenizer, 4, 8, 0.3, 1);
      int tokens = 0;
      int chosen = 0;
      int masks = 0;
      int kept = 0;
      for (int step = 0; step < 40; step++) {
        Batch batch = source.training(manager, 1, step);
        long[] inputs = batch.inputs().get(0).toLongArray();
        boolean[] valid = batch.inputs().get(1).toBooleanArray();
        long[] labels = batch.labels().head().toLongArray();
        int length = inputs.length / 8;
        for (int row = 0; row < 8; row++) {
          long[] whole =
              tokenizer.encode(List.of(texts().get((int) batch.ids()[row]))).get(0).ids();
          for (int i = 0; i < length; i++) {
            int at = row * length + i;
            assertThat(valid[at]).isEqualTo(i < whole.length);
            if (labels[at] == MaskedTexts.IGNORED) {
              assertThat(inputs[at]).isEqualTo(valid[at] ? whole[i] : 0);
            } else {
              assertThat(i).isBetween(1, whole.length - 2);
              assertThat(labels[at]).isEqualTo(whole[i]);
              chosen++;
              masks += inputs[at] == 4 ? 1 : 0;
              kept += inputs[at] == whole[i] ? 1 : 0;
            }
            tokens += valid[at] && i > 0 && i < whole.length - 1 ? 1 : 0;
          }
        }
      }
      assertThat((double) chosen / tokens).isCloseTo(0.3 + 0.7 / 20, within(0.04));
      assertThat((double) masks / chosen).isCloseTo(0.8, within(0.05));
      assertThat((double) kept / chosen).isCloseTo(0.1, within(0.05));
    }
  }

  @Test
  void validationIsTheRestAndAlwaysTheSame() {
    try (TextTokenizer tokenizer = TextTokenizer.ofWords(texts(), 100, 0);
        NDManager manager = NDManager.newBaseManager()) {
      MaskedTexts source = new MaskedTexts(texts(), tokenizer, 4, 3, 0.15, 1);
      // 35 texts have tokens: 31 for training
      assertThat(source.validationBatches()).isEqualTo(2);
      assertThat(source.validation(manager, 0).ids()).containsExactly(31, 32, 33);
      assertThat(source.validation(manager, 1).ids()).containsExactly(34);
      assertThat(source.validation(manager, 0).inputs().get(0).toLongArray())
          .containsExactly(source.validation(manager, 0).inputs().get(0).toLongArray());
      assertThatThrownBy(() -> source.validation(manager, 2))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> new MaskedTexts(texts(), tokenizer, 4, 3, 1.5, 1))
          .isInstanceOf(UserException.class);
      assertThatThrownBy(() -> new MaskedTexts(List.of("a", "b"), tokenizer, 4, 3, 0.1, 1))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("at least 10");
    }
  }
}
