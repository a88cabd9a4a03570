package org.attentionzoo.eval.claims;

import java.util.Map;

/**
 * What one arm reached with one seed.
 *
 * @param arm the arm's name
 * @param seed the seed
 * @param run the run folder that was evaluated; empty for a count
 * @param step the step of the checkpoint; 0 for a count
 * @param steps how many steps the run has
 * @param items how many items were evaluated
 * @param metrics the figures
 */
public record Outcome(
    String arm,
    long seed,
    String run,
    long step,
    long steps,
    double items,
    Map<String, Double> metrics) {}
