package org.attentionzoo.datasets.generated;

import ai.djl.ndarray.NDManager;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.BatchSource;

/** A {@link BatchSource} whose examples are generated: which, says its plan; how, {@link #draw}. */
public interface GeneratedSource extends BatchSource {

  /**
   * How examples make batches.
   *
   * @return always the same
   */
  ExamplePlan plan();

  /**
   * Generates examples.
   *
   * @param manager owns the arrays
   * @param examples which; their numbers are the batch's ids
   * @return the batch
   */
  Batch draw(NDManager manager, Examples examples);

  @Override
  default Batch training(NDManager manager, long seed, long step) {
    return draw(manager, plan().training(seed, step));
  }

  @Override
  default int validationBatches() {
    return plan().validationBatches();
  }

  @Override
  default Batch validation(NDManager manager, int index) {
    return draw(manager, plan().validation(index));
  }
}
