package org.attentionzoo.training;

import ai.djl.ndarray.NDList;
import java.util.Map;
import org.attentionzoo.datasets.Batch;

/**
 * Figures of a whole evaluation that are no means over its items: of a part of them, or of all
 * together. For one evaluation and one thread.
 */
public interface Meter {

  /**
   * Counts a batch.
   *
   * @param outputs what the model gave
   * @param batch what it was given
   * @param outcome what the objective says of it
   */
  void add(NDList outputs, Batch batch, Objective.Outcome outcome);

  /**
   * The figures of all batches so far.
   *
   * @return by name; a figure that the batches do not define is left out
   */
  Map<String, Double> figures();

  /**
   * A meter that has nothing to tell.
   *
   * @return one without figures
   */
  static Meter none() {
    return new Meter() {
      @Override
      public void add(NDList outputs, Batch batch, Objective.Outcome outcome) {}

      @Override
      public Map<String, Double> figures() {
        return Map.of();
      }
    };
  }
}
