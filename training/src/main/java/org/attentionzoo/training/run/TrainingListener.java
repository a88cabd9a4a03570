package org.attentionzoo.training.run;

import java.nio.file.Path;

/** Is told what a run does, on the run's thread. */
public interface TrainingListener {

  /**
   * The run begins or goes on.
   *
   * @param step how many steps are done already
   * @param steps how many steps the run has
   */
  default void started(long step, long steps) {}

  /**
   * A checkpoint is damaged; the run goes on from an earlier one, and removes it.
   *
   * @param checkpoint its folder
   */
  default void passedOver(Path checkpoint) {}

  /**
   * The metrics of the steps done already are not those that the run had written: the file was cut
   * short, removed or edited. The run goes on, since no step depends on them.
   *
   * @param metrics the file
   * @param step how many steps are done already
   */
  default void metricsChanged(Path metrics, long step) {}

  /**
   * A step is done.
   *
   * @param progress where the run is
   */
  default void stepped(Progress progress) {}

  /**
   * What follows is no step: an evaluation or a checkpoint, which nobody may have planned, since a
   * run that is asked to stop saves too.
   */
  default void pausing() {}

  /**
   * The model was evaluated on the validation part.
   *
   * @param step after how many steps
   * @param result the means
   * @param best whether no earlier evaluation of the run had a lower loss
   */
  default void evaluated(long step, Evaluation.Result result, boolean best) {}

  /**
   * A checkpoint was saved.
   *
   * @param step after how many steps
   * @param folder where
   */
  default void saved(long step, Path folder) {}
}
