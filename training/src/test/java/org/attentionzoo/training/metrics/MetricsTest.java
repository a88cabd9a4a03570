package org.attentionzoo.training.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

/** Each metric against cases done by hand and, on random inputs, against its definition. */
class MetricsTest {

  private static final double EXACT = 1e-12;

  @Test
  void areaUnderCurveByHand() {
    AreaUnderCurve area = new AreaUnderCurve();
    area.add(0.9, true);
    area.add(0.5, false);
    area.add(0.4, true);
    area.add(0.1, false);
    // of four pairs one is wrong
    assertThat(area.value()).isEqualTo(0.75);
    area.add(0.5, true);
    // (0.5, 0.5) is a tie, (0.5, 0.1) right
    assertThat(area.value()).isEqualTo(4.5 / 6);
    AreaUnderCurve same = new AreaUnderCurve();
    same.add(0.0, true);
    same.add(-0.0, false);
    assertThat(same.value()).isEqualTo(0.5);
  }

  @RepeatedTest(20)
  void areaUnderCurveIsTheShareOfPairsInOrder(RepetitionInfo info) {
    SplittableRandom random = new SplittableRandom(info.getCurrentRepetition());
    int n = 2 + random.nextInt(200);
    int levels = 1 + random.nextInt(30);
    double[] scores = new double[n];
    boolean[] labels = new boolean[n];
    AreaUnderCurve area = new AreaUnderCurve();
    for (int i = 0; i < n; i++) {
      scores[i] = random.nextInt(levels) / 7.0 - 2;
      labels[i] = i == 0 || (i > 1 && random.nextBoolean());
      area.add(scores[i], labels[i]);
    }
    double sum = 0;
    int pairs = 0;
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        if (labels[i] && !labels[j]) {
          sum += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
          pairs++;
        }
      }
    }
    assertThat(area.value()).isCloseTo(sum / pairs, within(EXACT));
  }

  @Test
  void areaUnderCurveNeedsBothClasses() {
    AreaUnderCurve area = new AreaUnderCurve();
    assertThatThrownBy(area::value).hasMessageContaining("0 positive and 0 negative");
    area.add(1, true);
    area.add(2, true);
    assertThat(area.isDefined()).isFalse();
    assertThatThrownBy(area::value)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("2 positive and 0 negative");
    assertThatThrownBy(() -> area.add(Double.NaN, true))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void macroF1ByHand() {
    MacroF1 f1 = new MacroF1(4);
    // class 0: 2 right of 3 labels and 2 predictions; class 1: 1 of 1 and 2; class 2: never right
    f1.add(0, 0);
    f1.add(0, 0);
    f1.add(1, 0);
    f1.add(1, 1);
    f1.add(3, 2);
    assertThat(f1.value()).isCloseTo((0.8 + 2.0 / 3 + 0 + 0) / 4, within(EXACT));
    assertThatThrownBy(() -> new MacroF1(3).value())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("no cases");
  }

  @RepeatedTest(20)
  void macroF1IsTheMeanOfHarmonicMeans(RepetitionInfo info) {
    SplittableRandom random = new SplittableRandom(100 + info.getCurrentRepetition());
    int classes = 2 + random.nextInt(8);
    int used = 1 + random.nextInt(classes);
    int[][] confusion = new int[classes][classes];
    MacroF1 f1 = new MacroF1(classes);
    for (int i = 0; i < 1 + random.nextInt(60); i++) {
      int label = random.nextInt(used);
      int prediction = random.nextInt(used);
      confusion[label][prediction]++;
      f1.add(prediction, label);
    }
    double sum = 0;
    int seen = 0;
    for (int c = 0; c < classes; c++) {
      int k = c;
      int labels = IntStream.of(confusion[c]).sum();
      int predictions = IntStream.range(0, classes).map(l -> confusion[l][k]).sum();
      if (labels + predictions == 0) {
        continue;
      }
      seen++;
      double precision = predictions == 0 ? 0 : (double) confusion[c][c] / predictions;
      double recall = labels == 0 ? 0 : (double) confusion[c][c] / labels;
      sum += precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall);
    }
    assertThat(f1.value()).isCloseTo(sum / seen, within(EXACT));
  }

  @Test
  void calibrationErrorByHand() {
    CalibrationError error = new CalibrationError(2);
    // (0, 0.5]: confidence 0.4 and 0.5, one right; (0.5, 1]: 0.9 and 0.7, both right
    error.add(0.4, true);
    error.add(0.5, false);
    error.add(0.9, true);
    error.add(0.7, true);
    assertThat(error.value()).isCloseTo(0.5 * 0.05 + 0.5 * 0.2, within(EXACT));
    assertThatThrownBy(() -> new CalibrationError(15).value())
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> error.add(1.5, true)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> error.add(Double.NaN, true))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @RepeatedTest(10)
  void calibrationErrorIsTheSumOverBins(RepetitionInfo info) {
    SplittableRandom random = new SplittableRandom(200 + info.getCurrentRepetition());
    int bins = 1 + random.nextInt(20);
    int n = 1 + random.nextInt(300);
    double[] confidence = new double[n];
    boolean[] hit = new boolean[n];
    CalibrationError error = new CalibrationError(bins);
    for (int i = 0; i < n; i++) {
      confidence[i] = i % 7 == 0 ? (double) random.nextInt(bins + 1) / bins : random.nextDouble();
      hit[i] = random.nextDouble() < 0.6;
      error.add(confidence[i], hit[i]);
    }
    double sum = 0;
    for (int b = 0; b < bins; b++) {
      double low = (double) b / bins;
      double high = (double) (b + 1) / bins;
      int count = 0;
      double accuracy = 0;
      double mean = 0;
      for (int i = 0; i < n; i++) {
        boolean first = b == 0 && confidence[i] == 0;
        if (first || (confidence[i] > low && confidence[i] <= high)) {
          count++;
          accuracy += hit[i] ? 1 : 0;
          mean += confidence[i];
        }
      }
      if (count > 0) {
        sum += (double) count / n * Math.abs(accuracy / count - mean / count);
      }
    }
    assertThat(error.value()).isCloseTo(sum, within(1e-9));
  }

  @Test
  void likelihoodByHand() {
    Likelihood likelihood = new Likelihood();
    assertThatThrownBy(likelihood::perplexity).isInstanceOf(IllegalStateException.class);
    // probabilities 1/2, 1/8 and 1/4: the geometric mean is 1/4
    likelihood.add(Math.log(2) + Math.log(8), 2);
    likelihood.add(Math.log(4), 1);
    assertThat(likelihood.perplexity()).isCloseTo(4, within(EXACT));
    assertThat(likelihood.crossEntropy()).isCloseTo(Math.log(4), within(EXACT));
    assertThat(likelihood.bitsPer(3)).isCloseTo(2, within(EXACT));
    assertThat(likelihood.bitsPer(12)).isCloseTo(0.5, within(EXACT));
    assertThatThrownBy(() -> likelihood.bitsPer(0)).isInstanceOf(IllegalArgumentException.class);
    likelihood.add(Double.POSITIVE_INFINITY, 1);
    assertThat(likelihood.perplexity()).isInfinite();
  }

  @Test
  void errorsByHand() {
    ErrorMetrics errors = new ErrorMetrics();
    assertThatThrownBy(errors::meanAbsoluteError).isInstanceOf(IllegalStateException.class);
    errors.add(1, 3);
    errors.add(2, 1);
    errors.add(-1, -1);
    assertThat(errors.meanSquaredError()).isCloseTo(5.0 / 3, within(EXACT));
    assertThat(errors.meanAbsoluteError()).isCloseTo(1, within(EXACT));
  }

  @Test
  void sharesByHand() {
    Share share = new Share();
    assertThatThrownBy(share::value)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("no cases");
    share.add(true);
    share.add(1, 3);
    Share other = new Share();
    other.add(false);
    share.add(other);
    assertThat(share.value()).isEqualTo(0.4);
    assertThat(share.cases()).isEqualTo(5);
    assertThatThrownBy(() -> share.add(3, 2)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void classificationByHand() {
    ClassificationMetrics metrics = new ClassificationMetrics(2);
    assertThatThrownBy(metrics::figures).isInstanceOf(IllegalStateException.class);
    // probabilities of class 1: 3/4, 1/5, 1/2 (a tie: class 0 is predicted)
    metrics.add(new double[] {0, Math.log(3)}, 1);
    metrics.add(new double[] {Math.log(4) + 5, 5}, 1);
    assertThat(metrics.figures()).doesNotContainKey("auc");
    metrics.add(new double[] {7, 7}, 0);
    Map<String, Double> figures = metrics.figures();
    assertThat(figures.get("accuracy")).isCloseTo(2.0 / 3, within(EXACT));
    assertThat(figures.get("macro_f1")).isCloseTo(2.0 / 3, within(EXACT));
    assertThat(figures.get("log_loss")).isCloseTo(-Math.log(0.75 * 0.2 * 0.5) / 3, within(EXACT));
    // confidences 0.75 (right) and 0.8 (wrong) are in the twelfth bin, 0.5 (right) in the eighth
    assertThat(figures.get("calibration_error")).isCloseTo((0.55 + 0.5) / 3, within(EXACT));
    // the positives 3/4 and 1/5 against the negative 1/2
    assertThat(figures.get("auc")).isEqualTo(0.5);
    assertThatThrownBy(() -> metrics.add(new double[] {1, 2, 3}, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> metrics.add(new double[] {1, 2}, 2))
        .isInstanceOf(IllegalArgumentException.class);
    metrics.add(new double[] {Double.NaN, 0}, 0);
    assertThat(metrics.figures().values()).allMatch(v -> v.isNaN());
  }

  @RepeatedTest(5)
  void classificationOnRandomLogits(RepetitionInfo info) {
    SplittableRandom random = new SplittableRandom(300 + info.getCurrentRepetition());
    int classes = 2 + random.nextInt(5);
    ClassificationMetrics metrics = new ClassificationMetrics(classes);
    double product = 0;
    int hits = 0;
    int n = 50;
    for (int i = 0; i < n; i++) {
      double[] logits = random.doubles(classes, -20, 300).toArray();
      int label = random.nextInt(classes);
      metrics.add(logits, label);
      double best = Double.NEGATIVE_INFINITY;
      for (double logit : logits) {
        best = Math.max(best, logit);
      }
      hits += logits[label] == best ? 1 : 0;
      double sum = 0;
      for (double logit : logits) {
        sum += Math.exp(logit - logits[label]);
      }
      product += Math.log(sum);
    }
    assertThat(metrics.figures().get("accuracy")).isCloseTo((double) hits / n, within(EXACT));
    assertThat(metrics.figures().get("log_loss")).isCloseTo(product / n, within(1e-9));
  }
}
