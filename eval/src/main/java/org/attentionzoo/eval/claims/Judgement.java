package org.attentionzoo.eval.claims;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.eval.claims.Claim.Arm;
import org.attentionzoo.eval.claims.Claim.Check;
import org.attentionzoo.eval.claims.Claim.Measure;
import org.attentionzoo.eval.claims.Claim.Role;

/**
 * What outcomes say of a claim.
 *
 * @param checks each check with its figure
 * @param controls for each control, what the verdict would be with it in the candidate's place
 * @param verdict of all checks; inconclusive if a control would be reproduced too
 * @param reason why the verdict is what it is
 */
public record Judgement(
    List<Judged> checks, Map<String, Verdict> controls, Verdict verdict, String reason) {

  /**
   * A check with its figure.
   *
   * @param statement what must hold
   * @param figure what was measured
   * @param verdict whether it holds
   */
  public record Judged(String statement, Interval figure, Verdict verdict) {}

  /**
   * Judges.
   *
   * @param claim the claim
   * @param outcomes of all arms and seeds
   * @param candidate the arm that stands in the candidate's place
   * @return the judgement
   * @throws UserException if an evaluation lacks a metric
   */
  public static Judgement of(Claim claim, List<Outcome> outcomes, String candidate) {
    List<Judged> judged = judge(claim, outcomes, candidate);
    Verdict verdict = Verdict.all(judged.stream().map(Judged::verdict).toList());
    Map<String, Verdict> controls = new LinkedHashMap<>();
    for (Arm arm : claim.arms()) {
      if (arm.role() == Role.CONTROL && !arm.name().equals(candidate)) {
        List<Verdict> verdicts =
            judge(claim, outcomes, arm.name()).stream().map(Judged::verdict).toList();
        controls.put(arm.name(), Verdict.all(verdicts));
      }
    }
    List<String> passing =
        controls.entrySet().stream()
            .filter(e -> e.getValue() == Verdict.REPRODUCED)
            .map(Map.Entry::getKey)
            .toList();
    if (verdict == Verdict.REPRODUCED && !passing.isEmpty()) {
      return new Judgement(
          judged,
          controls,
          Verdict.INCONCLUSIVE,
          "the control '" + passing.get(0) + "' passes too: the comparison decides nothing");
    }
    String reason =
        judged.stream()
            .filter(j -> j.verdict() == verdict)
            .findFirst()
            .map(
                j ->
                    switch (verdict) {
                      case REPRODUCED -> "every check holds over its whole interval";
                      case NOT_REPRODUCED -> "it does not hold that " + j.statement();
                      case INCONCLUSIVE ->
                          "the interval does not decide whether " + j.statement() + "; add seeds";
                    })
            .orElseThrow();
    return new Judgement(judged, controls, verdict, reason);
  }

  private static List<Judged> judge(Claim claim, List<Outcome> outcomes, String candidate) {
    List<Judged> judged = new ArrayList<>();
    String original = claim.candidate().name();
    for (Check check : claim.checks()) {
      Check asked = check.with(original, candidate);
      Interval figure = figure(claim, asked, outcomes);
      double least = asked.atLeast().orElse(Double.NEGATIVE_INFINITY);
      double most = asked.atMost().orElse(Double.POSITIVE_INFINITY);
      judged.add(new Judged(statement(claim, asked), figure, figure.within(least, most)));
    }
    return judged;
  }

  private static String statement(Claim claim, Check check) {
    String metric = claim.metric(check);
    String subject =
        check
            .against()
            .map(
                other ->
                    metric
                        + " of "
                        + check.arm()
                        + (check.as().orElseThrow() == Measure.RATIO ? " / " : " - ")
                        + other)
            .orElse(metric + " of " + check.arm());
    String least = check.atLeast().map(b -> " >= " + number(b)).orElse("");
    String most = check.atMost().map(b -> " <= " + number(b)).orElse("");
    return subject + least + (least.isEmpty() || most.isEmpty() ? "" : " and") + most;
  }

  static String number(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e6
        ? Long.toString((long) value)
        : String.format(Locale.ROOT, "%.4f", value).replaceAll("0+$", "");
  }

  private static Interval figure(Claim claim, Check check, List<Outcome> outcomes) {
    String metric = claim.metric(check);
    List<Outcome> mine = of(check.arm(), outcomes);
    List<Double> values = new ArrayList<>();
    for (Outcome outcome : mine) {
      double value = value(outcome, metric);
      if (check.against().isPresent()) {
        double other = value(match(check.against().get(), outcome, outcomes), metric);
        value = check.as().orElseThrow() == Measure.RATIO ? value / other : value - other;
      }
      values.add(value);
    }
    if (values.size() > 1) {
      return Interval.overSeeds(values);
    }
    if (values.isEmpty()) {
      throw new UserException("nothing was measured of '" + check.arm() + "'");
    }
    Outcome only = mine.get(0);
    Outcome other = check.against().map(a -> match(a, only, outcomes)).orElse(null);
    return single(values.get(0), only, other, check, metric);
  }

  /** One seed: the mean of figures between 0 and 1 has a variance of at most p (1 - p) / items. */
  private static Interval single(
      double value, Outcome mine, Outcome other, Check check, String metric) {
    double p = value(mine, metric);
    double q = other == null ? 0 : value(other, metric);
    boolean bounded = isMeanOfShares(metric) && mine.items() > 1;
    if (!bounded) {
      return Interval.unknown(value);
    }
    double variance = p * (1 - p) / mine.items();
    if (other == null) {
      return Interval.overItems(value, variance);
    }
    double otherVariance = q * (1 - q) / Math.max(1, other.items());
    return check.as().orElseThrow() == Measure.RATIO
        ? Interval.overItems(value, variance / (q * q) + p * p * otherVariance / (q * q * q * q))
        : Interval.overItems(value, variance + otherVariance);
  }

  /** Whether a metric is the mean over items of something between 0 and 1. */
  private static boolean isMeanOfShares(String metric) {
    return Stream.of("accuracy", "exact_match", "hr@", "ndcg@", "mrr").anyMatch(metric::startsWith);
  }

  private static List<Outcome> of(String arm, List<Outcome> outcomes) {
    return outcomes.stream().filter(o -> o.arm().equals(arm)).toList();
  }

  /** The other arm's outcome of the same seed; a count has only one. */
  private static Outcome match(String arm, Outcome like, List<Outcome> outcomes) {
    List<Outcome> others = of(arm, outcomes);
    return others.stream()
        .filter(o -> o.seed() == like.seed())
        .findFirst()
        .or(() -> others.stream().filter(o -> o.run().isEmpty()).findFirst())
        .orElseThrow(
            () ->
                new UserException(
                    "nothing was measured of '" + arm + "' with the seed " + like.seed()));
  }

  private static double value(Outcome outcome, String metric) {
    Double value = outcome.metrics().get(metric);
    if (value == null) {
      throw new UserException(
          "the evaluation of '"
              + outcome.arm()
              + "' has no metric '"
              + metric
              + "'; it has "
              + String.join(", ", outcome.metrics().keySet()));
    }
    return value;
  }
}
