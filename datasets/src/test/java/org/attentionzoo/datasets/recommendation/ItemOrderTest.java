package org.attentionzoo.datasets.recommendation;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.recommendation.RankingSource.Question;
import org.junit.jupiter.api.Test;

class ItemOrderTest {

  private static final ItemOrder.Options OPTIONS = new ItemOrder.Options(50, 20, 16, 1, 40, 1);

  @Test
  void everyThirdItemFollowsFromTheOneTwoStepsBackByAPermutation() {
    ItemOrder data = new ItemOrder(OPTIONS, 20);
    Map<Integer, Integer> next = new HashMap<>();
    data.trainingSequences()
        .forEach(
            s -> {
              for (int t = 2; t < 20; t += 3) {
                assertThat(next.computeIfAbsent(s[t - 2], k -> -1)).isIn(-1, s[t]);
                next.put(s[t - 2], s[t]);
              }
            });
    assertThat(next).hasSize(50);
    assertThat(next.values()).doesNotHaveDuplicates().allMatch(i -> i >= 1 && i <= 50);
  }

  @Test
  void asksForTheDeterminedItemsOnly() {
    ItemOrder data = new ItemOrder(OPTIONS, 20);
    List<Question> questions = data.questions().toList();
    assertThat(questions).hasSize(40 * 6);
    try (NDManager manager = NDManager.newBaseManager()) {
      Batch batch = data.validation(manager, 0);
      long[] histories = batch.inputs().get(0).toLongArray();
      long[] places = batch.labels().get(0).toLongArray();
      for (int row = 0; row < 16; row++) {
        assertThat(histories[row * 20]).isZero();
        int asked = 0;
        for (int slot = 0; slot < 20; slot++) {
          if (places[row * 20 + slot] >= 0) {
            Question question = questions.get(row * 6 + asked++);
            assertThat(places[row * 20 + slot]).isEqualTo(question.target() - 1);
            int newest = question.history().get(question.history().size() - 1);
            assertThat(histories[row * 20 + slot]).isEqualTo(newest);
          }
        }
        assertThat(asked).isEqualTo(6);
      }
      assertThat(data.validationBatches()).isEqualTo(3);
      assertThat(data.validation(manager, 2).ids()).hasSize(8);
    }
  }
}
