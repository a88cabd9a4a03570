package org.attentionzoo.datasets;

import ai.djl.ndarray.NDManager;

/**
 * Data as a sequence of batches. The batch of a step is a function of (seed, step) alone, so that a
 * resumed run sees what the uninterrupted one would have seen, and batches can be prepared ahead on
 * another thread.
 *
 * <p>Thread safety: implementations may be read by several threads, each with its own manager.
 */
public interface BatchSource {

  /**
   * The training batch of a step.
   *
   * @param manager owns the arrays
   * @param seed the run's seed
   * @param step counted from 0
   * @return the batch
   */
  Batch training(NDManager manager, long seed, long step);

  /**
   * How many batches the validation part has.
   *
   * @return at least 1
   */
  int validationBatches();

  /**
   * A batch of the validation part; always the same for an index.
   *
   * @param manager owns the arrays
   * @param index from 0 to {@link #validationBatches()} - 1
   * @return the batch
   */
  Batch validation(NDManager manager, int index);
}
