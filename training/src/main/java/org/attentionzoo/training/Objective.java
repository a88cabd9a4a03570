package org.attentionzoo.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;

/** The seam of losses: a model's outputs and the batch to a loss and metrics. */
public interface Objective {

  /**
   * Judges outputs.
   *
   * @param outputs what the model gave
   * @param batch what it was given
   * @return the loss and metrics
   * @throws UserException if the outputs have another shape than the data asks for
   */
  Outcome evaluate(NDList outputs, Batch batch);

  /**
   * What an objective says to outputs that it cannot judge.
   *
   * @param outputs what the model gave
   * @param asked what the data asks for
   * @return to be thrown
   */
  static UserException mismatch(NDArray outputs, NDArray asked) {
    return new UserException(
        "the model gives "
            + outputs.getShape()
            + ", the data asks for "
            + asked.getShape()
            + "; give other data or another model");
  }

  /**
   * Counts what is no mean over the items of an evaluation.
   *
   * @return a new meter for one evaluation
   */
  default Meter meter() {
    return Meter.none();
  }

  /**
   * The judgement of one batch.
   *
   * @param loss a scalar: the mean over {@code weight} items
   * @param weight how many items (tokens, examples) the loss is the mean of
   * @param metrics scalars by name, each a mean over the same items
   */
  record Outcome(NDArray loss, double weight, Map<String, NDArray> metrics) {}
}
