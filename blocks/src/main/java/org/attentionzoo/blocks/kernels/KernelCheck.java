package org.attentionzoo.blocks.kernels;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * A kernel beside the plain NDArray version of the same function, with inputs on which the two are
 * compared: outputs, and the gradients of every floating-point input.
 *
 * @param name what the kernel computes, for example {@code attention/causal}
 * @param fast calls the kernel
 * @param plain computes the same by NDArray operations
 * @param cases the inputs
 * @param tolerance the largest difference relative to the largest value, per tensor
 * @param reason why the tolerance is what it is
 * @param benchmarks inputs of the sizes that models have, on which the two are timed
 * @param rival what the kernel is timed against: the plain version, unless that does more than the
 *     function needs in order to be comparable
 */
public record KernelCheck(
    String name,
    UnaryOperator<NDList> fast,
    UnaryOperator<NDList> plain,
    List<Case> cases,
    double tolerance,
    String reason,
    List<Case> benchmarks,
    UnaryOperator<NDList> rival) {

  /**
   * A kernel that is timed on the last of its cases.
   *
   * @param name what the kernel computes
   * @param fast calls the kernel
   * @param plain computes the same by NDArray operations
   * @param cases the inputs
   * @param tolerance the largest difference relative to the largest value, per tensor
   * @param reason why the tolerance is what it is
   */
  public KernelCheck(
      String name,
      UnaryOperator<NDList> fast,
      UnaryOperator<NDList> plain,
      List<Case> cases,
      double tolerance,
      String reason) {
    this(name, fast, plain, cases, tolerance, reason, List.of(), plain);
  }

  /**
   * The same kernel, timed on inputs of its own.
   *
   * @param sizes the inputs
   * @return a copy
   */
  public KernelCheck timedOn(Case... sizes) {
    return new KernelCheck(name, fast, plain, cases, tolerance, reason, List.of(sizes), rival);
  }

  /**
   * The same kernel, timed against something else than its plain version.
   *
   * @param other computes the same, or with other random numbers
   * @return a copy
   */
  public KernelCheck timedAgainst(UnaryOperator<NDList> other) {
    return new KernelCheck(name, fast, plain, cases, tolerance, reason, benchmarks, other);
  }

  /**
   * Inputs of a comparison.
   *
   * @param label says what is awkward about them
   * @param inputs makes them; seeded by the caller
   */
  public record Case(String label, Function<NDManager, NDList> inputs) {}
}
