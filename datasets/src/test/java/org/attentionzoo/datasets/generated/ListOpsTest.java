package org.attentionzoo.datasets.generated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.generated.ListOps.Form;
import org.attentionzoo.datasets.generated.ListOps.Options;
import org.junit.jupiter.api.Test;

/**
 * Figures called official were counted on 4000 examples of the Long Range Arena's own generator
 * (lra_benchmarks/data/listops.py).
 */
class ListOpsTest {

  private static final int OFFICIAL = 4000;

  /** Reads an expression again, by a stack, and says its value and depth. */
  private static final class Reader {
    private int operators;
    private int depth;

    int value(long[] tokens, int from, int length) {
      List<List<Integer>> open = new ArrayList<>();
      open.add(new ArrayList<>());
      List<Long> names = new ArrayList<>();
      for (int i = from; i < from + length; i++) {
        long token = tokens[i];
        if (token >= 1 && token <= 10) {
          open.get(open.size() - 1).add((int) token - 1);
        } else if (token >= 11 && token <= 14) {
          operators++;
          names.add(token);
          open.add(new ArrayList<>());
          depth = Math.max(depth, names.size());
        } else {
          assertThat(token).isEqualTo(15);
          List<Integer> arguments = open.remove(open.size() - 1);
          assertThat(arguments).hasSizeBetween(2, 10);
          open.get(open.size() - 1).add(apply(names.remove(names.size() - 1), arguments));
        }
      }
      assertThat(open).hasSize(1);
      assertThat(open.get(0)).hasSize(1);
      return open.get(0).get(0);
    }

    private static int apply(long name, List<Integer> arguments) {
      double[] sorted = arguments.stream().mapToDouble(i -> i).sorted().toArray();
      int n = sorted.length;
      return switch ((int) name) {
        case 11 -> (int) sorted[0];
        case 12 -> (int) sorted[n - 1];
        case 13 -> (int) Math.floor((sorted[(n - 1) / 2] + sorted[n / 2]) / 2);
        default -> (int) Arrays.stream(sorted).sum() % 10;
      };
    }
  }

  /** The statistic of two histograms of which each has the chi squared distribution. */
  private static double difference(int[] ours, int[] theirs) {
    double n = Arrays.stream(ours).sum();
    double m = Arrays.stream(theirs).sum();
    double sum = 0;
    for (int i = 0; i < ours.length; i++) {
      if (ours[i] + theirs[i] > 0) {
        sum += Math.pow(m * ours[i] - n * theirs[i], 2) / (n * m * (ours[i] + theirs[i]));
      }
    }
    return sum;
  }

  @Test
  void longExpressionsHaveLengthsDepthAndClassesOfTheOfficialGenerator() {
    Options o = new Options(50, 500, 2000, 10, 10, Form.CLASSES, 50, 1);
    int[] labels = new int[10];
    List<Integer> lengths = new ArrayList<>();
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int step = 0; step < 20; step++) {
        Batch batch = new ListOps(o).training(manager, 3, step);
        long[] tokens = batch.inputs().head().toLongArray();
        boolean[] valid = batch.inputs().get(1).toBooleanArray();
        int width = tokens.length / 50;
        for (int row = 0; row < 50; row++) {
          int length = width;
          while (tokens[row * width + length - 1] == 0) {
            length--;
          }
          for (int i = 0; i < width; i++) {
            assertThat(valid[row * width + i]).isEqualTo(i < length);
          }
          Reader reader = new Reader();
          long label = batch.labels().head().toLongArray()[row];
          assertThat(label).isEqualTo(reader.value(tokens, row * width, length));
          assertThat(length).isBetween(501, 1999);
          assertThat(reader.depth).isEqualTo(9);
          labels[(int) label]++;
          lengths.add(length);
        }
      }
    }
    double mean = lengths.stream().mapToInt(i -> i).average().orElseThrow();
    // The standard deviation of lengths is about 400: over 1000 and 4000 examples.
    assertThat(mean).isCloseTo(1043.05, within(3.3 * 400 * Math.sqrt(1 / 1000.0 + 1 / 4000.0)));
    int[] bounds = {583, 714, 966, 1321, 1641};
    double[] shares = {0.1, 0.25, 0.5, 0.75, 0.9};
    for (int i = 0; i < bounds.length; i++) {
      int bound = bounds[i];
      double share = lengths.stream().filter(l -> l < bound).count() / 1000.0;
      double error = Math.sqrt(shares[i] * (1 - shares[i]) * (1 / 1000.0 + 1 / 4000.0));
      assertThat(share).isCloseTo(shares[i], within(3.3 * error));
    }
    // The 0.999 quantile of chi squared with 9 degrees of freedom.
    assertThat(difference(labels, new int[] {663, 358, 276, 299, 378, 358, 326, 301, 348, 693}))
        .isLessThan(27.88);
  }

  @Test
  void shortExpressionsHaveTheOfficialDepths() {
    Options o = new Options(100, 30, 100, 10, 10, Form.CLASSES, 50, 1);
    int[] depths = new int[10];
    int[] operators = new int[4];
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int step = 0; step < 20; step++) {
        Batch batch = new ListOps(o).training(manager, 4, step);
        long[] tokens = batch.inputs().head().toLongArray();
        int width = tokens.length / 100;
        for (int row = 0; row < 100; row++) {
          int length = width;
          while (tokens[row * width + length - 1] == 0) {
            length--;
          }
          Reader reader = new Reader();
          reader.value(tokens, row * width, length);
          depths[reader.depth]++;
          for (int i = 0; i < length; i++) {
            long token = tokens[row * width + i];
            if (token > 10 && token < 15) {
              operators[(int) token - 11]++;
            }
          }
        }
      }
    }
    int[] official = {0, 0, 25, 525, 1003, 894, 591, 311, 140, 511};
    assertThat(Arrays.stream(official).sum()).isEqualTo(OFFICIAL);
    // 0.999 quantiles of chi squared with 7 and 3 degrees of freedom.
    assertThat(difference(depths, official)).isLessThan(24.32);
    assertThat(difference(operators, new int[] {8231, 8297, 8293, 8270})).isLessThan(16.27);
  }

  @Test
  void answersStandAtTheQuestion() {
    Options classes = new Options(8, 10, 40, 4, 5, Form.CLASSES, 20, 1);
    Options answers = new Options(8, 10, 40, 4, 5, Form.ANSWER, 20, 1);
    assertThat(new ListOps(classes).vocabulary()).isEqualTo(16);
    assertThat(new ListOps(answers).vocabulary()).isEqualTo(17);
    try (NDManager manager = NDManager.newBaseManager()) {
      Batch plain = new ListOps(classes).validation(manager, 2);
      Batch asked = new ListOps(answers).validation(manager, 2);
      int width = (int) plain.inputs().head().getShape().get(1);
      assertThat(asked.labels().head().getShape()).isEqualTo(new Shape(4, width + 1));
      for (int row = 0; row < 4; row++) {
        long[] tokens = asked.inputs().head().get(row).toLongArray();
        long[] labels = asked.labels().head().get(row).toLongArray();
        long[] before = plain.inputs().head().get(row).toLongArray();
        int question = 0;
        while (tokens[question] != 16) {
          assertThat(tokens[question]).isEqualTo(before[question]);
          assertThat(labels[question]).isEqualTo(-1);
          question++;
        }
        assertThat(labels[question]).isEqualTo(1 + plain.labels().head().getLong(row));
        for (int i = question + 1; i <= width; i++) {
          assertThat(tokens[i]).isZero();
          assertThat(labels[i]).isEqualTo(-1);
        }
      }
    }
  }

  @Test
  void refusesLimitsThatNoExpressionMeets() {
    assertThatThrownBy(() -> new ListOps(new Options(8, 500, 600, 3, 4, Form.CLASSES, 20, 1)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("maximumDepth=3");
    for (Options wrong :
        List.of(
            new Options(8, 39, 40, 4, 5, Form.CLASSES, 20, 1),
            new Options(8, 10, 40, 0, 5, Form.CLASSES, 20, 1),
            new Options(8, 10, 40, 4, 1, Form.CLASSES, 20, 1),
            new Options(0, 10, 40, 4, 5, Form.CLASSES, 20, 1))) {
      assertThatThrownBy(() -> new ListOps(wrong)).isInstanceOf(UserException.class);
    }
  }
}
