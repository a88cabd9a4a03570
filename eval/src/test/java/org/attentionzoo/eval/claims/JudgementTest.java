package org.attentionzoo.eval.claims;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.junit.jupiter.api.Test;

class JudgementTest {

  private static final String CLAIM =
      """
      title: a title
      paper: a figure
      metric: accuracy
      arms:
        - {name: good, role: candidate, recipe: a/b}
        - {name: plain, role: baseline, recipe: a/c}
        - {name: broken, role: control, recipe: a/d}
      checks:
        - {arm: good, atLeast: 0.9}
        - {arm: good, against: plain, as: difference, atLeast: 0.1}
      seeds: [1, 2, 3]
      checkpoint: last
      minutes: 1
      """;

  private final Claim claim = Claims.parse(CLAIM, "test");

  @Test
  void isReproducedIfEveryIntervalHolds() {
    Judgement judgement = judge(outcomes(0.95, 0.96, 0.97), "good");
    assertThat(judgement.verdict()).isEqualTo(Verdict.REPRODUCED);
    assertThat(judgement.checks().get(0).figure().mean()).isCloseTo(0.96, within(1e-9));
    assertThat(judgement.checks().get(0).figure().low()).isBetween(0.9499, 0.96);
    assertThat(judgement.controls()).containsEntry("broken", Verdict.NOT_REPRODUCED);
  }

  @Test
  void flipsWhenABrokenControlStandsInTheCandidatesPlace() {
    Judgement judgement = judge(outcomes(0.95, 0.96, 0.97), "broken");
    assertThat(judgement.verdict()).isEqualTo(Verdict.NOT_REPRODUCED);
    assertThat(judgement.checks().get(0).statement()).isEqualTo("accuracy of broken >= 0.9");
  }

  @Test
  void aControlAlsoTakesThePlaceOfACandidateThatOthersAreMeasuredAgainst() {
    String behind = "{arm: plain, against: good, as: difference, atMost: -0.1}";
    Claim turned =
        Claims.parse(
            CLAIM.replace("{arm: good, against: plain, as: difference, atLeast: 0.1}", behind),
            "test");
    Judgement judgement = Judgement.of(turned, outcomes(0.95, 0.96, 0.97), "good");
    assertThat(judgement.verdict()).isEqualTo(Verdict.REPRODUCED);
    assertThat(Judgement.of(turned, outcomes(0.95, 0.96, 0.97), "broken").checks().get(1))
        .satisfies(c -> assertThat(c.verdict()).isEqualTo(Verdict.NOT_REPRODUCED))
        .satisfies(c -> assertThat(c.statement()).startsWith("accuracy of plain - broken"));
  }

  @Test
  void isInconclusiveIfAnIntervalContainsTheBound() {
    Judgement judgement = judge(outcomes(0.85, 0.91, 0.97), "good");
    assertThat(judgement.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(judgement.reason()).contains("accuracy of good >= 0.9").contains("add seeds");
  }

  @Test
  void isNotReproducedIfAnIntervalMissesTheBound() {
    assertThat(judge(outcomes(0.5, 0.6, 0.7), "good").verdict()).isEqualTo(Verdict.NOT_REPRODUCED);
    assertThat(judge(outcomes(0.95, Double.NaN, 0.97), "good").verdict())
        .isEqualTo(Verdict.NOT_REPRODUCED);
  }

  @Test
  void decidesNothingIfAControlPassesToo() {
    List<Outcome> outcomes = new ArrayList<>(outcomes(0.95, 0.96, 0.97));
    outcomes.removeIf(o -> o.arm().equals("broken"));
    for (long seed = 1; seed <= 3; seed++) {
      outcomes.add(outcome("broken", seed, 0.99, 100));
    }
    Judgement judgement = judge(outcomes, "good");
    assertThat(judgement.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(judgement.reason()).contains("'broken' passes too");
  }

  @Test
  void withOneSeedTheIntervalIsOverItems() {
    List<Outcome> outcomes =
        List.of(
            outcome("good", 1, 0.93, 100),
            outcome("plain", 1, 0.5, 100),
            outcome("broken", 1, 0.1, 100));
    Interval figure = judge(outcomes, "good").checks().get(0).figure();
    assertThat(figure.basis()).isEqualTo("items");
    assertThat(figure.high() - figure.mean())
        .isCloseTo(1.96 * Math.sqrt(0.93 * 0.07 / 100), within(1e-9));
    assertThat(judge(outcomes, "good").verdict()).isEqualTo(Verdict.INCONCLUSIVE);
  }

  @Test
  void oneSeedOfALossDecidesNothing() {
    Claim losses = Claims.parse(CLAIM.replace("metric: accuracy", "metric: loss"), "test");
    List<Outcome> outcomes = new ArrayList<>();
    for (String arm : List.of("good", "plain", "broken")) {
      outcomes.add(new Outcome(arm, 1, "run", 1, 1, 100, Map.of("loss", 0.95)));
    }
    Judgement judgement = Judgement.of(losses, outcomes, "good");
    assertThat(judgement.checks().get(0).verdict()).isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(judgement.checks().get(0).figure().basis()).isEqualTo("nothing");
  }

  @Test
  void namesTheMetricsThatThereAre() {
    Claim other = Claims.parse(CLAIM.replace("metric: accuracy", "metric: hr@10"), "test");
    assertThatThrownBy(() -> Judgement.of(other, outcomes(1, 1, 1), "good"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no metric 'hr@10'")
        .hasMessageContaining("accuracy");
  }

  @Test
  void refusesClaimsThatCompareNothing() {
    assertThatThrownBy(
            () -> Claims.parse(CLAIM.replace("role: candidate", "role: baseline"), "test"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("candidate");
    assertThatThrownBy(() -> Claims.parse(CLAIM.replace("atLeast: 0.9", "metric: x"), "test"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("neither atLeast nor atMost");
    assertThatThrownBy(() -> Claims.parse(CLAIM.replace("against: plain", "against: no"), "test"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no arm is called 'no'");
  }

  private Judgement judge(List<Outcome> outcomes, String candidate) {
    return Judgement.of(claim, outcomes, candidate);
  }

  private static List<Outcome> outcomes(double... good) {
    List<Outcome> outcomes = new ArrayList<>();
    for (int i = 0; i < good.length; i++) {
      outcomes.add(outcome("good", i + 1, good[i], 100));
      outcomes.add(outcome("plain", i + 1, 0.5 + 0.01 * i, 100));
      outcomes.add(outcome("broken", i + 1, 0.1, 100));
    }
    return outcomes;
  }

  private static Outcome outcome(String arm, long seed, double accuracy, double items) {
    return new Outcome(arm, seed, "run", 1, 1, items, Map.of("accuracy", accuracy));
  }
}
