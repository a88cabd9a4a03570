package org.attentionzoo.blocks.papers.dhsa;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Tensors;

/**
 * Where dense attention says that chunks end: between two windows of keys of which later queries
 * look at one far more than at the other; and the loss by which a predictor learns to see it.
 */
public final class BoundaryLabels {

  private static final double EPSILON = 1e-6;

  private BoundaryLabels() {}

  /**
   * For each token t how many times more attention one of the windows t - w + 1 .. t and t + 1 .. t
   * + w receives than the other, from the queries t + w and later.
   *
   * @param attention (B, L, L) causal weights, averaged over the heads
   * @param window w
   * @param reach how many of the queries are counted; 0 for all
   * @return (B, L) float64, at least 1; 0 where t is below 2 w - 1 or not below L - 2 w
   */
  public static NDArray ratios(NDArray attention, int window, int reach) {
    long batch = attention.getShape().get(0);
    int length = (int) attention.getShape().get(1);
    int first = 2 * window - 1;
    int count = length - 2 * window - first;
    NDManager manager = attention.getManager();
    if (count <= 0) {
      return manager
          .zeros(new Shape(batch, length), DataType.FLOAT64)
          .toDevice(attention.getDevice(), false);
    }
    NDArray sums = attention.toType(DataType.FLOAT64, false).cumSum(1).cumSum(2);
    NDArray row = sums.get(":, :1").zerosLike();
    NDArray below = row.concat(sums, 1); // (B, L + 1, L)
    NDArray integral =
        below.get(":, :, :1").zerosLike().concat(below, 2).reshape(batch, -1); // (B, (L + 1)^2)
    NDArray t = manager.arange(first, first + count, 1, DataType.INT64, attention.getDevice());
    NDArray from = t.add(window);
    NDArray to =
        reach == 0
            ? t.zerosLike().add(length)
            : Arithmetic.atMost(from.add(reach), length).toType(DataType.INT64, false);
    NDArray past = mass(integral, length, from, to, t.sub(window - 1), t.add(1));
    NDArray future = mass(integral, length, from, to, t.add(1), t.add(window + 1));
    NDArray ratio = past.maximum(future).add(EPSILON).div(past.minimum(future).add(EPSILON));
    NDArray before = manager.zeros(new Shape(batch, first), DataType.FLOAT64);
    NDArray behind = manager.zeros(new Shape(batch, 2L * window), DataType.FLOAT64);
    return before
        .toDevice(attention.getDevice(), false)
        .concat(ratio, 1)
        .concat(behind.toDevice(attention.getDevice(), false), 1);
  }

  /**
   * What the rows from, to receive in the columns left, right; all limits (N), ends not counted.
   */
  private static NDArray mass(
      NDArray integral, int length, NDArray from, NDArray to, NDArray left, NDArray right) {
    return at(integral, length, to, right)
        .sub(at(integral, length, from, right))
        .sub(at(integral, length, to, left))
        .add(at(integral, length, from, left));
  }

  private static NDArray at(NDArray integral, int length, NDArray row, NDArray column) {
    NDArray index = Arithmetic.times(row, length + 1).add(column).toType(DataType.INT64, false);
    Shape wide = new Shape(integral.getShape().get(0), index.size());
    return integral.gather(index.expandDims(0).broadcast(wide), 1);
  }

  /**
   * Which tokens have a ratio: those whose windows, and windows beside them, are whole.
   *
   * @param like an array on the wanted device
   * @param length the number of tokens
   * @param window w
   * @return (1, L) boolean
   */
  public static NDArray counted(NDArray like, long length, int window) {
    NDArray t = like.getManager().arange(0, (int) length, 1, DataType.INT64, like.getDevice());
    return t.gte(2L * window - 1).logicalAnd(t.lt(length - 2L * window)).expandDims(0);
  }

  /**
   * What a predictor is to say: sigmoid(alpha (ln ratio - beta)).
   *
   * @param ratios any shape
   * @param alpha how sharp
   * @param beta the logarithm of the ratio that counts half
   * @param hard whether targets are 0 or 1
   * @return the same shape, float32
   */
  public static NDArray targets(NDArray ratios, double alpha, double beta, boolean hard) {
    NDArray logits = Arithmetic.times(ratios.add(EPSILON).log().sub(beta), alpha);
    NDArray soft = Activation.sigmoid(logits);
    return (hard ? soft.gte(0.5) : soft).toType(DataType.FLOAT32, false);
  }

  /** How a loss over tokens becomes a number. */
  public enum Reduction {
    /** The mean of the tokens that count. */
    MEAN,
    /** Their sum. */
    SUM,
    /** One for each token. */
    NONE
  }

  /**
   * Binary cross entropy that looks away from what is already right: (1 - p)^gamma times the cross
   * entropy, p being the probability that the targets have.
   *
   * @param logits (B, L)
   * @param targets (B, L) from 0 to 1
   * @param counted boolean, broadcastable to (B, L)
   * @param positiveWeight the factor of the cross entropy of a boundary
   * @param gamma how much is looked away
   * @param reduction how the tokens become a number
   * @return a scalar, or (B, L)
   */
  public static NDArray focalLoss(
      NDArray logits,
      NDArray targets,
      NDArray counted,
      double positiveWeight,
      double gamma,
      Reduction reduction) {
    NDArray yes = Activation.softPlus(logits.neg());
    NDArray no = Activation.softPlus(logits);
    NDArray others = Tensors.oneMinus(targets);
    NDArray entropy = Arithmetic.times(yes.mul(targets), positiveWeight).add(no.mul(others));
    NDArray probability = Activation.sigmoid(logits);
    NDArray right = probability.mul(targets).add(Tensors.oneMinus(probability).mul(others));
    NDArray live = counted.toType(logits.getDataType(), false);
    NDArray loss = Arithmetic.power(Tensors.oneMinus(right), gamma).mul(entropy).mul(live);
    return switch (reduction) {
      case NONE -> loss;
      case SUM -> loss.sum();
      case MEAN -> {
        NDArray tokens = logits.stopGradient().onesLike().mul(live).sum();
        yield loss.sum().div(Arithmetic.atLeast(tokens, 1));
      }
    };
  }
}
