package org.attentionzoo.training.run;

/** Trains one of several runs, to its end or until it is asked to stop, and shows how it goes. */
@FunctionalInterface
public interface RunTrainer {

  /**
   * Trains.
   *
   * @param run what is trained
   * @param arm what the run is called among the others
   * @param number counts the runs from 1
   * @param count how many there are
   * @return how it ended
   */
  TrainingResult train(TrainingRun run, String arm, int number, int count);
}
