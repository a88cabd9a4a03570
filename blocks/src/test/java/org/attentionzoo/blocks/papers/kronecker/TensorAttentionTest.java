package org.attentionzoo.blocks.papers.kronecker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.List;
import java.util.Random;
import org.attentionzoo.blocks.Pass;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TensorAttentionTest {

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    JniUtils.setSeed(5);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private Pass pass() {
    return Pass.inference(new ParameterStore(manager, false));
  }

  private NDArray normal(long... shape) {
    return manager.randomNormal(new Shape(shape)).toType(DataType.FLOAT64, true);
  }

  private static double distance(NDArray a, NDArray b) {
    assertThat(a.getShape()).isEqualTo(b.getShape());
    return a.sub(b).abs().max().getDouble();
  }

  @ParameterizedTest
  @CsvSource({"true, D", "false, D", "true, SQRT", "false, SQRT"})
  void agreesWithLoops(boolean causal, TensorScale scale) {
    int length = 4;
    int width = 3;
    NDArray q = normal(1, 1, length, width);
    NDArray k1 = normal(1, 1, length, width);
    NDArray k2 = normal(1, 1, length, width);
    NDArray v1 = normal(1, 1, length, 2);
    NDArray v2 = normal(1, 1, length, 2);
    NDArray ours =
        new TensorProductAttention(scale, causal)
            .attend(pass(), q, List.of(k1, k2), List.of(v1, v2), null);
    double divisor = scale == TensorScale.D ? width : Math.sqrt(width);
    for (int i = 0; i < length; i++) {
      double total = 0;
      double[] sum = new double[2];
      for (int j = 0; j < length; j++) {
        for (int k = 0; k < length; k++) {
          if (causal && (j > i || k > i)) {
            continue;
          }
          double logit = 0;
          for (int c = 0; c < width; c++) {
            logit += q.getDouble(0, 0, i, c) * k1.getDouble(0, 0, j, c) * k2.getDouble(0, 0, k, c);
          }
          double weight = Math.exp(logit / divisor);
          total += weight;
          for (int e = 0; e < 2; e++) {
            sum[e] += weight * v1.getDouble(0, 0, j, e) * v2.getDouble(0, 0, k, e);
          }
        }
      }
      for (int e = 0; e < 2; e++) {
        assertThat(ours.getDouble(0, 0, i, e)).isCloseTo(sum[e] / total, within(1e-12));
      }
    }
  }

  @Test
  void onesAsSecondKeysAndValuesGivePlainAttention() {
    NDArray q = normal(2, 3, 5, 4);
    NDArray k = normal(2, 3, 5, 4);
    NDArray v = normal(2, 3, 5, 6);
    NDArray ours =
        new TensorProductAttention(TensorScale.D, false)
            .attend(pass(), q, List.of(k, k.onesLike()), List.of(v, v.onesLike()), null);
    NDArray plain = q.matMul(k.swapAxes(2, 3)).div(4).softmax(-1).matMul(v);
    assertThat(distance(ours, plain)).isLessThan(1e-13);
  }

  @Test
  void theTwoKeysMayChangePlaces() {
    NDArray q = normal(1, 2, 6, 3);
    NDArray k1 = normal(1, 2, 6, 3);
    NDArray k2 = normal(1, 2, 6, 3);
    NDArray v1 = normal(1, 2, 6, 3);
    NDArray v2 = normal(1, 2, 6, 3);
    TensorProductAttention attention = new TensorProductAttention(TensorScale.SQRT, true);
    NDArray one = attention.attend(pass(), q, List.of(k1, k2), List.of(v1, v2), null);
    NDArray other = attention.attend(pass(), q, List.of(k2, k1), List.of(v2, v1), null);
    assertThat(distance(one, other)).isLessThan(1e-13);
  }

  /** The largest error of the polynomial against the exponential. */
  private double error(int degree, double bound) {
    JniUtils.setSeed(7);
    NDList inputs = new NDList();
    for (int i = 0; i < 5; i++) {
      inputs.add(
          manager
              .randomUniform((float) -bound, (float) bound, new Shape(1, 1, 12, 3))
              .toType(DataType.FLOAT64, true));
    }
    NDArray exact = new TensorProductAttention(TensorScale.D, false).forward(pass(), inputs).head();
    NDArray fast =
        new PolynomialTensorAttention(degree, bound, TensorScale.D).forward(pass(), inputs).head();
    return distance(exact, fast);
  }

  @Test
  void thePolynomialApproachesTheExponentialForSmallEntriesOnly() {
    assertThat(error(6, 0.8)).isLessThan(1e-8);
    assertThat(error(4, 0.8)).isLessThan(error(2, 0.8) / 5);
    assertThat(error(6, 0.8)).isLessThan(error(4, 0.8) / 5);
    assertThat(error(6, 3)).isGreaterThan(1e4 * error(6, 0.8));
  }

  @Test
  void degreeZeroIsTheProductOfTheMeans() {
    NDArray q = normal(1, 1, 5, 3);
    NDArray v1 = normal(1, 1, 5, 2);
    NDArray v2 = normal(1, 1, 5, 2);
    NDArray ours =
        new PolynomialTensorAttention(0, 1, TensorScale.D)
            .forward(pass(), new NDList(q, q, q, v1, v2))
            .head();
    NDArray means = v1.mean(new int[] {2}, true).mul(v2.mean(new int[] {2}, true));
    assertThat(distance(ours, means.broadcast(new Shape(1, 1, 5, 2)))).isLessThan(1e-13);
  }

  @Test
  void thereAreBinomiallyManyMonomials() {
    long all = 0;
    for (int degree = 0; degree <= 6; degree++) {
      all += PolynomialTensorAttention.monomialCount(3, degree);
    }
    assertThat(all).isEqualTo(84);
  }

  /**
   * Match3 by hand: with a = 2 pi x / M the logits of Q = (c, -c, -s, -s), K1 = (c, s, c, s), K2 =
   * (c, s, s, c) are cos(a_i + a_j + a_k), 1 where the sum is 0 modulo M, and Q times the output is
   * the mean of that cosine, which the temperature makes its largest value. The control is a head
   * of the same construction whose logits concern one key at a time: it solves Match2, not this.
   */
  @Test
  void oneHeadOfThirdOrderSolvesMatch3() {
    int modulus = 199;
    int length = 16;
    double temperature = 4e4;
    Random random = new Random(3);
    int right = 0;
    int byPairs = 0;
    int total = 0;
    int positive = 0;
    for (int sequence = 0; sequence < 200; sequence++) {
      int[] x = random.ints(length, 0, modulus).toArray();
      double[][] rows = new double[3][length * 4];
      double[] plainQuery = new double[length * 2];
      double[] plainKey = new double[length * 2];
      for (int i = 0; i < length; i++) {
        double c = Math.cos(2 * Math.PI * x[i] / modulus);
        double s = Math.sin(2 * Math.PI * x[i] / modulus);
        double[][] own = {{c, -c, -s, -s}, {c, s, c, s}, {c, s, s, c}};
        for (int which = 0; which < 3; which++) {
          System.arraycopy(own[which], 0, rows[which], i * 4, 4);
        }
        plainQuery[2 * i] = c;
        plainQuery[2 * i + 1] = -s;
        plainKey[2 * i] = c;
        plainKey[2 * i + 1] = s;
      }
      Shape shape = new Shape(1, 1, length, 4);
      NDArray q = manager.create(rows[0], shape);
      NDArray k1 = manager.create(rows[1], shape);
      NDArray k2 = manager.create(rows[2], shape);
      NDArray mixed =
          new TensorProductAttention(TensorScale.D, false)
              .attend(pass(), q.mul(4 * temperature), List.of(k1, k2), List.of(k1, k2), null);
      double[] third = q.mul(mixed).sum(new int[] {3}).toDoubleArray();
      Shape flat = new Shape(1, 1, length, 2);
      NDArray pq = manager.create(plainQuery, flat);
      NDArray pk = manager.create(plainKey, flat);
      NDArray second =
          new TensorProductAttention(TensorScale.D, false)
              .attend(pass(), pq.mul(2 * temperature), List.of(pk), List.of(pk), null);
      double[] pairs = pq.mul(second).sum(new int[] {3}).toDoubleArray();
      double threshold = (1 + Math.cos(2 * Math.PI / modulus)) / 2;
      for (int i = 0; i < length; i++) {
        boolean match = false;
        for (int j : x) {
          for (int k : x) {
            match |= (x[i] + j + k) % modulus == 0;
          }
        }
        right += third[i] > threshold == match ? 1 : 0;
        byPairs += pairs[i] > threshold == match ? 1 : 0;
        positive += match ? 1 : 0;
        total++;
      }
    }
    assertThat((double) positive / total).isBetween(0.4, 0.6);
    assertThat(right).isEqualTo(total);
    assertThat((double) byPairs / total).isLessThan(0.75);
  }
}
