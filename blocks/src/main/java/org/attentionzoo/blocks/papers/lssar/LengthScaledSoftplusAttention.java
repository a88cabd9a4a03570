package org.attentionzoo.blocks.papers.lssar;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Set;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.AttentionParts;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.attention.LogCount;
import org.attentionzoo.blocks.attention.Normalizer;
import org.attentionzoo.blocks.attention.PositiveWeights;
import org.attentionzoo.blocks.attention.Reweighted;
import org.attentionzoo.blocks.attention.UnitVectors;

/**
 * Length-scaled softplus attention, LSSA, and its re-weighted form, LSSAR (Gao and Spratling 2025):
 * with unit queries and keys of width d, the N_i keys that query i sees get weights proportional to
 * softplus(ln d ln N_i q_i . k_j); LSSAR sharpens them to relu(N_i a - 1)^p, but for the first
 * three tokens to (N_i a)^p. Causal, without projections or positions of its own; has no
 * parameters.
 */
public final class LengthScaledSoftplusAttention extends ZooBlock {

  /** Up to how many keys in sight nothing is subtracted. */
  private static final int SPARED = 3;

  private final Normalizer normalizer;

  private LengthScaledSoftplusAttention(Normalizer normalizer) {
    this.normalizer = normalizer;
  }

  /**
   * LSSA.
   *
   * @return the attention
   */
  public static LengthScaledSoftplusAttention plain() {
    return new LengthScaledSoftplusAttention(softplus());
  }

  /**
   * LSSAR.
   *
   * @param power p; 15 for lengths beyond those trained on, 3 for those
   * @return the attention
   */
  public static LengthScaledSoftplusAttention reweighted(double power) {
    return new LengthScaledSoftplusAttention(sharpened(power));
  }

  /**
   * LSSA as parts of any attention.
   *
   * @param headWidth the width d of a head
   * @param unitVectors whether queries and keys are divided by their lengths, as in the paper's
   *     last version; else scores are divided by sqrt(d)
   * @return the parts
   */
  public static AttentionParts plainParts(int headWidth, boolean unitVectors) {
    return parts(softplus(), headWidth, unitVectors);
  }

  /**
   * LSSAR as parts of any attention.
   *
   * @param headWidth the width d of a head
   * @param power p
   * @param unitVectors whether queries and keys are divided by their lengths, as in the paper's
   *     last version; else scores are divided by sqrt(d)
   * @return the parts
   */
  public static AttentionParts reweightedParts(int headWidth, double power, boolean unitVectors) {
    return parts(sharpened(power), headWidth, unitVectors);
  }

  private static AttentionParts parts(Normalizer normalizer, int headWidth, boolean unitVectors) {
    return new AttentionParts(normalizer, null, new LogCount(0, Math.log(headWidth)), unitVectors);
  }

  private static Normalizer softplus() {
    return new PositiveWeights(PositiveWeights.Function.SOFTPLUS);
  }

  private static Normalizer sharpened(double power) {
    return new Reweighted(softplus(), power, SPARED);
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(DotProductAttention.PATTERN);
  }

  /**
   * Attends.
   *
   * @param pass what the pass carries
   * @param inputs queries, keys and values (B, H, L, d)
   * @return (B, H, L, d) and the weights (B, H, L, L)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray q = UnitVectors.of(inputs.get(0));
    NDArray k = UnitVectors.of(inputs.get(1));
    Shape shape = q.getShape();
    NDArray counts =
        q.getManager()
            .arange(1, (int) shape.get(2) + 1, 1, DataType.FLOAT32, q.getDevice())
            .toType(q.getDataType(), false)
            .expandDims(1);
    NDArray scaled = q.mul(new LogCount(0, Math.log(shape.get(3))).ofQueries(pass, q, q, counts));
    NDArray allowed = counts.gte(counts.transpose());
    NDArray weights =
        pass.tap(
            this,
            DotProductAttention.PATTERN,
            normalizer.weights(scaled.matMul(k.swapAxes(2, 3)), allowed));
    return new NDList(weights.matMul(inputs.get(2)), weights);
  }
}
