package org.attentionzoo.eval.claims;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.attentionzoo.blocks.UserException;

/**
 * What a paper claims, as a comparison that can be run: a YAML resource {@code
 * claims/<paper>/<name>.yaml}.
 *
 * @param title the claim in a sentence
 * @param paper the paper's own figure with its setting, for context
 * @param metric what is compared where a check names nothing else, for example {@code accuracy}
 * @param arms what is trained or counted
 * @param checks what must hold
 * @param seeds the seeds of all trained arms
 * @param evaluate settings of the final evaluation, for example {@code task.part=test}
 * @param checkpoint which checkpoint of a run is evaluated
 * @param minutes how long all of it takes on two cores, about
 * @param quick changes of every trained arm for a smoke test of at most a minute
 * @param unequal why arms differ in steps; empty if they must not
 */
public record Claim(
    String title,
    String paper,
    String metric,
    List<Arm> arms,
    List<Check> checks,
    List<Long> seeds,
    List<String> evaluate,
    Which checkpoint,
    double minutes,
    List<String> quick,
    Optional<String> unequal) {

  /** Which checkpoint of a run is evaluated. */
  public enum Which {
    /** The one with the lowest validation loss. */
    BEST,
    /** The one after the last step. */
    LAST
  }

  /** What an arm is for. */
  public enum Role {
    /** The mechanism of the paper. */
    CANDIDATE,
    /** What it is compared with. */
    BASELINE,
    /** A broken candidate: in the candidate's place, it must not pass. */
    CONTROL
  }

  /**
   * One of the things that are compared: a recipe that is trained; another arm's model with taps
   * replaced by zeros; or a plain count that needs no training.
   *
   * @param name in the table
   * @param role what it is for
   * @param recipe what is trained
   * @param set changes of the recipe
   * @param from the arm whose trained weights it begins with
   * @param of the arm whose trained model it evaluates
   * @param edit what is done to that model first, for example {@code prune-experts}; {@code set}
   *     are then the edit's options
   * @param zero taps that are replaced by zeros in the evaluation
   * @param counted the name of a plain baseline of the data, for example {@code popularity}
   * @param evaluate settings of its evaluation, after the claim's
   */
  public record Arm(
      String name,
      Role role,
      Optional<String> recipe,
      List<String> set,
      Optional<String> from,
      Optional<String> of,
      Optional<String> edit,
      List<String> zero,
      Optional<String> counted,
      List<String> evaluate) {

    /**
     * Whether it is trained.
     *
     * @return true if it names a recipe
     */
    public boolean isTrained() {
      return recipe.isPresent();
    }
  }

  /** What of two arms is compared with the bounds. */
  public enum Measure {
    /** The arm's figure minus the other's. */
    DIFFERENCE,
    /** The arm's figure divided by the other's. */
    RATIO
  }

  /**
   * What must hold.
   *
   * @param arm whose figure
   * @param against the arm that it is compared with; empty if the figure itself is bounded
   * @param as how the two are compared
   * @param metric which figure; the claim's if empty
   * @param atLeast the lower bound
   * @param atMost the upper bound
   */
  public record Check(
      String arm,
      Optional<String> against,
      Optional<Measure> as,
      Optional<String> metric,
      Optional<Double> atLeast,
      Optional<Double> atMost) {

    /**
     * The same check with another arm wherever one stands.
     *
     * @param name of the arm to replace
     * @param other what takes its place
     * @return a copy
     */
    public Check with(String name, String other) {
      return new Check(
          arm.equals(name) ? other : arm,
          against.map(a -> a.equals(name) ? other : a),
          as,
          metric,
          atLeast,
          atMost);
    }
  }

  /**
   * An arm.
   *
   * @param name its name
   * @return the arm
   * @throws UserException if there is none of that name
   */
  public Arm arm(String name) {
    return arms.stream()
        .filter(arm -> arm.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new UserException(
                    "no arm is called '"
                        + name
                        + "'; there are "
                        + String.join(", ", arms.stream().map(Arm::name).toList())));
  }

  /**
   * The candidate.
   *
   * @return the arm of that role
   */
  public Arm candidate() {
    return arms.stream().filter(arm -> arm.role() == Role.CANDIDATE).findFirst().orElseThrow();
  }

  /**
   * The figure that a check is about.
   *
   * @param check one of the checks
   * @return the name of a metric
   */
  public String metric(Check check) {
    return check.metric().orElse(metric);
  }

  /** Checks that the parts fit. */
  Claim checked(String origin) {
    require(
        arms.stream().filter(arm -> arm.role() == Role.CANDIDATE).count() == 1,
        origin,
        "one arm must be the candidate");
    require(!checks.isEmpty(), origin, "nothing is checked");
    require(!seeds.isEmpty(), origin, "no seeds are named");
    Set<String> names = new HashSet<>();
    for (Arm arm : arms) {
      require(names.add(arm.name()), origin, "two arms are called '" + arm.name() + "'");
      require(
          arm.name().matches("[A-Za-z0-9][A-Za-z0-9 ._+-]*"),
          origin,
          "the arm '"
              + arm.name()
              + "' must be named by letters, digits, spaces, '.', '_', '+', '-'");
      long kinds =
          (arm.recipe().isPresent() ? 1 : 0)
              + (arm.of().isPresent() ? 1 : 0)
              + (arm.counted().isPresent() ? 1 : 0);
      require(kinds == 1, origin, "the arm '" + arm.name() + "' needs one of recipe, of, counted");
      arm.of()
          .ifPresent(
              other ->
                  require(
                      arm(other).isTrained(),
                      origin,
                      "the arm '" + other + "' is not trained, but '" + arm.name() + "' is of it"));
      require(
          arm.edit().isEmpty() || arm.of().isPresent(),
          origin,
          "the arm '" + arm.name() + "' is edited, but says not of which arm");
      arm.from()
          .ifPresent(
              other ->
                  require(
                      arms.indexOf(arm(other)) < arms.indexOf(arm) && arm(other).isTrained(),
                      origin,
                      "'"
                          + other
                          + "' must be trained before '"
                          + arm.name()
                          + "' begins with it"));
    }
    for (Check check : checks) {
      arm(check.arm());
      check.against().ifPresent(this::arm);
      require(
          check.against().isPresent() == check.as().isPresent(),
          origin,
          "a check against another arm says as: difference or ratio");
      require(
          check.atLeast().isPresent() || check.atMost().isPresent(),
          origin,
          "a check of '" + check.arm() + "' has neither atLeast nor atMost");
    }
    return this;
  }

  private static void require(boolean holds, String origin, String message) {
    if (!holds) {
      throw new UserException(origin + ": " + message);
    }
  }
}
