package org.attentionzoo.eval.verify;

import ai.djl.ndarray.types.Shape;
import java.util.Locale;
import java.util.Optional;

/**
 * One tensor of ours beside the official one.
 *
 * @param name {@code output.x}, {@code grad.layer.weight} or {@code grad_input.x}
 * @param shape the official shape
 * @param ratio max|ours - official| / max(max|official|, 1e-3); infinite where the two cannot agree
 * @param problem why they cannot agree, for example their shapes
 */
public record TensorComparison(String name, Shape shape, double ratio, Optional<String> problem) {

  static TensorComparison of(String name, Shape shape, double ratio) {
    return new TensorComparison(name, shape, ratio, Optional.empty());
  }

  static TensorComparison impossible(String name, Shape shape, String problem) {
    return new TensorComparison(name, shape, Double.POSITIVE_INFINITY, Optional.of(problem));
  }

  /**
   * Whether the two agree.
   *
   * @param tolerance the largest ratio allowed
   * @return true if they do; never for a ratio that is no number
   */
  public boolean agrees(double tolerance) {
    return ratio <= tolerance;
  }

  /**
   * One line of text.
   *
   * @param tolerance the largest ratio allowed
   * @return for example {@code ok 2.1e-07 output.y (2, 3)}
   */
  public String describe(double tolerance) {
    return String.format(
        Locale.ROOT,
        "%-4s  %8s  %s %s%s",
        agrees(tolerance) ? "ok" : "FAIL",
        Double.isInfinite(ratio) ? "-" : String.format(Locale.ROOT, "%.1e", ratio),
        name,
        shape,
        problem.map(p -> ": " + p).orElse(""));
  }
}
