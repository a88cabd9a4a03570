package org.attentionzoo.datasets.recommendation;

import java.util.List;
import java.util.stream.Stream;
import org.attentionzoo.datasets.BatchSource;

/**
 * Data for next-item recommendation. Items are 1 to {@link #items}; 0 is padding.
 *
 * <p>A training batch has as inputs the histories (B, L) and the candidates, as label the place of
 * the target among the candidates (B, L), -1 where there is none. A validation batch has the same
 * labels, (B) or (B, L), and a second one, with one more axis: the columns of the scores that do
 * not take part in the ranking, -1 for none.
 */
public interface RankingSource extends BatchSource {

  /**
   * How many items there are.
   *
   * @return the largest id
   */
  int items();

  /**
   * What may be learned from.
   *
   * @return sequences of items, oldest first
   */
  Stream<int[]> trainingSequences();

  /**
   * What the validation part asks, in its order.
   *
   * @return the questions
   */
  Stream<Question> questions();

  /**
   * What comes next?
   *
   * @param history the items so far, oldest first
   * @param target the answer
   * @param others what the target is ranked among; null for all items but those excluded
   * @param excluded items that do not take part if others is null; sorted
   */
  record Question(
      List<Integer> history, int target, List<Integer> others, List<Integer> excluded) {}
}
