package org.attentionzoo.training.run;

import java.nio.file.Path;
import java.util.Optional;

/**
 * How a run ended.
 *
 * @param finished whether all steps and evaluations are done; if not, it was asked to stop and can
 *     be resumed
 * @param step how many steps are done
 * @param steps how many steps the run has
 * @param validation the last evaluation in this process
 * @param bestStep the step of the evaluation with the lowest loss
 * @param checkpoint the folder of the newest checkpoint
 */
public record TrainingResult(
    boolean finished,
    long step,
    long steps,
    Optional<Evaluation.Result> validation,
    Optional<Long> bestStep,
    Path checkpoint) {}
