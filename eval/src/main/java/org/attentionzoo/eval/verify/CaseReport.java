package org.attentionzoo.eval.verify;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * How one golden case came out.
 *
 * @param folder the case
 * @param target the component, empty if {@code config.json} could not be read
 * @param tolerance the largest ratio allowed
 * @param paths one result for the kernel path and one for the plain path
 * @param error why the case could not be run at all
 */
public record CaseReport(
    Path folder, String target, double tolerance, List<PathResult> paths, Optional<String> error) {

  /**
   * How one way to compute came out.
   *
   * @param path {@code kernel} or {@code plain}
   * @param tensors outputs, then gradients
   * @param unread the names of inputs that the target never asked for
   * @param error why it could not be run
   */
  public record PathResult(
      String path, List<TensorComparison> tensors, Set<String> unread, Optional<String> error) {

    /**
     * The worst tensor's ratio.
     *
     * @return 0 if there are no tensors; infinite if the path could not be run
     */
    public double worst() {
      return error.isPresent()
          ? Double.POSITIVE_INFINITY
          : tensors.stream().mapToDouble(TensorComparison::ratio).reduce(0, Math::max);
    }
  }

  static CaseReport broken(Path folder, String target, String error) {
    return new CaseReport(folder, target, 0, List.of(), Optional.of(error));
  }

  /**
   * Whether everything agrees on both paths.
   *
   * @return true if it does
   */
  public boolean passed() {
    return error.isEmpty()
        && !paths.isEmpty()
        && paths.stream()
            .allMatch(
                p ->
                    p.error().isEmpty()
                        && !p.tensors().isEmpty()
                        && p.tensors().stream().allMatch(t -> t.agrees(tolerance)));
  }

  /**
   * The worst ratio of all paths.
   *
   * @return infinite if anything could not be run
   */
  public double worst() {
    return error.isPresent()
        ? Double.POSITIVE_INFINITY
        : paths.stream().mapToDouble(PathResult::worst).reduce(0, Math::max);
  }

  /**
   * A line for each tensor on each path, and one with the worst ratios.
   *
   * @return lines of text
   */
  public List<String> describe() {
    List<String> lines = new ArrayList<>();
    lines.add(folder + (target.isEmpty() ? "" : "  (" + target + ")"));
    for (PathResult path : paths) {
      path.tensors().forEach(t -> lines.add("  " + path.path() + "  " + t.describe(tolerance)));
      path.unread()
          .forEach(
              name -> lines.add("  " + path.path() + "  note   the target never reads " + name));
      path.error().ifPresent(e -> lines.add("  " + path.path() + "  FAIL  " + e));
    }
    error.ifPresent(e -> lines.add("  FAIL  " + e));
    StringBuilder end = new StringBuilder(passed() ? "  passed" : "  FAILED");
    for (PathResult path : paths) {
      end.append(", worst ").append(path.path()).append(' ').append(number(path.worst()));
    }
    if (error.isEmpty()) {
      end.append(", tolerance ").append(number(tolerance));
    }
    lines.add(end.toString());
    return lines;
  }

  private static String number(double ratio) {
    return Double.isInfinite(ratio) ? "-" : String.format(Locale.ROOT, "%.1e", ratio);
  }
}
