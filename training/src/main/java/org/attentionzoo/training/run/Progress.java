package org.attentionzoo.training.run;

import java.time.Duration;
import java.util.Map;

/**
 * Where a run is after a step.
 *
 * @param step how many steps are done
 * @param steps how many steps the run has
 * @param loss the objective's loss of this step's batches, before the step
 * @param learningRate the rate of this step
 * @param gradientNorm the 2-norm of all gradients, before clipping
 * @param metrics the objective's metrics and the auxiliary losses, by name
 * @param itemsPerSecond the task's items (tokens, examples) a second, over the last steps
 * @param left how long the rest will take if it goes on like this, evaluations included
 */
public record Progress(
    long step,
    long steps,
    double loss,
    double learningRate,
    double gradientNorm,
    Map<String, Double> metrics,
    double itemsPerSecond,
    Duration left) {}
