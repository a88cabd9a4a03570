package org.attentionzoo.training.tasks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import java.util.LinkedHashMap;
import java.util.Map;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.training.Objective;

/**
 * Scores of candidates (..., C) against the place of the right one (...), -1 where none is asked.
 * The loss is the mean over the questions of either
 *
 * <ul>
 *   <li>binary cross-entropy, as SASRec's (Kang and McAuley 2018, section 3.5): -log sigmoid(right)
 *       minus the mean over the others of log(1 - sigmoid(other)); with one other, the paper's; or
 *   <li>the cross-entropy of the softmax over all candidates.
 * </ul>
 *
 * <p>Where a batch has a second label, it is an evaluation: the columns (..., M) of the scores that
 * take no part in the ranking, -1 for none; metrics are those of {@link RankingMetrics}. They do
 * count in the loss.
 *
 * <p>Stateless; safe for use by several threads.
 */
public final class RankingObjective implements Objective {

  /** The losses. */
  public enum Loss {
    /** Binary cross-entropy of the right one and of the others. */
    BINARY,
    /** Cross-entropy of the softmax over the candidates. */
    SOFTMAX
  }

  private final Loss loss;

  /**
   * An objective.
   *
   * @param loss which loss
   */
  public RankingObjective(Loss loss) {
    this.loss = loss;
  }

  /** {@inheritDoc} */
  @Override
  public Outcome evaluate(NDList outputs, Batch batch) {
    NDArray scores = outputs.head();
    NDArray places = batch.labels().head();
    int last = scores.getShape().dimension() - 1;
    if (last < 1 || !scores.getShape().slice(0, last).equals(places.getShape())) {
      throw Objective.mismatch(scores, places);
    }
    long columns = scores.getShape().get(last);
    NDArray rows = scores.reshape(-1, columns);
    NDArray asked = places.reshape(-1).gte(0);
    NDArray target = Arithmetic.atLeast(places.reshape(-1), 0).toType(DataType.INT64, false);
    NDArray weight = asked.toType(rows.getDataType(), false);
    NDArray right = rows.gather(target.expandDims(1), 1).squeeze(1);
    NDArray each = loss == Loss.BINARY ? binary(rows, right, target) : softmax(rows, target);
    NDArray mean = each.mul(weight).sum().div(Arithmetic.atLeast(weight.sum(), 1));
    double questions = asked.toType(DataType.INT64, false).sum().getLong();
    Map<String, NDArray> metrics = new LinkedHashMap<>();
    if (batch.labels().size() > 1) {
      rank(rows, right, asked, batch.labels().get(1))
          .forEach(
              (name, value) ->
                  metrics.put(
                      name,
                      mean.getManager().full(new Shape(), value.floatValue(), DataType.FLOAT32)));
    }
    return new Outcome(mean, questions, metrics);
  }

  private static NDArray binary(NDArray rows, NDArray right, NDArray target) {
    long columns = rows.getShape().get(1);
    NDArray ids = rows.getManager().arange(0, (int) columns, 1, DataType.INT64, rows.getDevice());
    NDArray isRight =
        target.expandDims(1).eq(ids.reshape(1, columns)).toType(rows.getDataType(), false);
    NDArray wrong = Activation.softPlus(rows).mul(Tensors.oneMinus(isRight)).sum(new int[] {1});
    return Activation.softPlus(right.neg())
        .add(Arithmetic.times(wrong, 1.0 / Math.max(1, columns - 1)));
  }

  private static NDArray softmax(NDArray rows, NDArray target) {
    return rows.logSoftmax(1).gather(target.expandDims(1), 1).squeeze(1).neg();
  }

  private static Map<String, Double> rank(
      NDArray rows, NDArray right, NDArray asked, NDArray excluded) {
    NDArray scores = rows.stopGradient();
    NDArray answer = right.stopGradient().expandDims(1);
    NDArray columns = excluded.reshape(asked.getShape().get(0), -1);
    NDArray counts = columns.gte(0).toType(DataType.INT64, false);
    NDArray out = scores.gather(Arithmetic.atLeast(columns, 0).toType(DataType.INT64, false), 1);
    long[] better = sum(scores.gt(answer)).sub(sum(out.gt(answer), counts)).toLongArray();
    long[] same = sum(scores.eq(answer)).sub(sum(out.eq(answer), counts)).toLongArray();
    boolean[] counted = asked.toBooleanArray();
    RankingMetrics metrics = new RankingMetrics();
    for (int i = 0; i < counted.length; i++) {
      if (counted[i]) {
        // The answer equals itself, unless it is NaN: then everything is better.
        boolean number = same[i] > 0;
        metrics.add(number ? better[i] : rows.getShape().get(1) - 1, number ? same[i] - 1 : 0);
      }
    }
    return metrics.means();
  }

  private static NDArray sum(NDArray flags) {
    return flags.toType(DataType.INT64, false).sum(new int[] {1});
  }

  private static NDArray sum(NDArray flags, NDArray counts) {
    return flags.toType(DataType.INT64, false).mul(counts).sum(new int[] {1});
  }
}
