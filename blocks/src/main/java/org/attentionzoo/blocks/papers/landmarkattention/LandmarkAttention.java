package org.attentionzoo.blocks.papers.landmarkattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.CausalKeys;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.attention.Normalizer;
import org.attentionzoo.blocks.layers.Dropout;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.positions.Rotary;

/**
 * Causal attention with landmarks (Mohtashami and Jaggi 2023, arXiv 2305.16300): over whole
 * sequences by the grouped softmax of {@link LandmarkSoftmax}, or over a chunk and the blocks that
 * each token retrieves from a {@link LandmarkCache}.
 *
 * <p>State dict, as in the official code: {@code c_attn}, {@code c_proj} and the causal mask {@code
 * bias} (1, 1, context, context), which is kept for the official files' sake.
 */
public final class LandmarkAttention extends ZooBlock {

  private static final double ROTARY_BASE = 10000;

  private final LandmarkConfig config;
  private final Linear projections;
  private final Linear output;
  private final LandmarkCache blocks;
  private final Rotary rotary = new Rotary(Rotary.Layout.INTERLEAVED, ROTARY_BASE);
  private final double scale;
  private final int groups;

  /**
   * Attention that finds out how many groups its softmax needs.
   *
   * @param config sizes
   */
  public LandmarkAttention(LandmarkConfig config) {
    this(config, 0);
  }

  /**
   * Attention.
   *
   * @param config sizes
   * @param groups at least the number of landmarks in whole sequences and 2 more; 0 to find it out
   *     from the length of a block
   */
  public LandmarkAttention(LandmarkConfig config, int groups) {
    this.config = config;
    this.groups = groups;
    scale = 1 / Math.sqrt(config.headWidth());
    int width = config.width();
    projections =
        child(
            "c_attn",
            new Linear(
                width,
                3L * width,
                Initializers.normal(0.02),
                config.bias() ? Initializers.constant(0) : null));
    output =
        child(
            "c_proj",
            new Linear(
                width,
                width,
                Initializers.normal(0.02 / Math.sqrt(2.0 * config.layers())),
                config.bias() ? Initializers.constant(0) : null));
    int context = config.context();
    buffer("bias", (m, shape, type) -> causalMask(m, context), 1, 1, context, context);
    blocks = new LandmarkCache(config, rotary, scale);
  }

  private static NDArray causalMask(NDManager manager, int context) {
    NDArray place = manager.arange(0, context, 1, DataType.INT64);
    return place
        .lte(place.reshape(context, 1))
        .toType(DataType.FLOAT32, false)
        .reshape(1, 1, context, context);
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(DotProductAttention.PATTERN);
  }

  /**
   * Attends within whole sequences.
   *
   * @param pass what the pass carries
   * @param inputs (B, L, width), and (B, L) boolean, true where a token is a landmark
   * @return (B, L, width)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray x = inputs.get(0);
    NDArray positions =
        x.getManager().arange(0, (int) x.getShape().get(1), 1, DataType.INT64, x.getDevice());
    NDArray landmarks = inputs.get(1).toType(DataType.BOOLEAN, false);
    return new NDList(attend(pass, x, landmarks, null, positions));
  }

  /**
   * Attends within sequences; with a decode cache, to all earlier tokens too.
   *
   * @param pass what the pass carries
   * @param x (B, S, width)
   * @param landmarks (1 or B, S) boolean, true where a token is a landmark
   * @param valid (B, S) boolean, false where padded; null if nothing is padding
   * @param positions (S) or (B, S) int64
   * @return (B, S, width)
   */
  public NDArray attend(Pass pass, NDArray x, NDArray landmarks, NDArray valid, NDArray positions) {
    NDList parts = parts(pass, x);
    NDArray q = rotary.rotate(pass, parts.get(0), positions);
    NDArray k = rotary.rotate(pass, parts.get(1), positions);
    NDArray marks = seenLandmarks(pass, landmarks, x);
    CausalKeys seen = CausalKeys.of(pass, this, k, parts.get(2), Sequences.padded(valid));
    NDArray logits = Arithmetic.times(q, scale).matMul(seen.keys().swapAxes(2, 3));
    int all = (int) seen.keys().getShape().get(2);
    int count = groups > 0 ? groups : config.block() == 0 ? 2 : all / (config.block() + 1) + 3;
    NDArray weights = weigh(pass, logits, marks, seen.allowed(), count);
    return merge(pass, weights.matMul(seen.values()));
  }

  /**
   * Attends from the tokens of a chunk, which continues the sequences of the decode cache, to the
   * chunk itself, the block before it that is not closed yet, and retrieved blocks.
   *
   * @param pass what the pass carries, with a decode cache
   * @param x (B, S, width)
   * @param landmarks (1, S) boolean; the last slot of every block is its landmark
   * @return (B, S, width)
   */
  public NDArray retrieve(Pass pass, NDArray x, NDArray landmarks) {
    NDList parts = parts(pass, x);
    LandmarkCache.Chunk chunk = blocks.chunk(pass, this, parts.get(0), parts.get(1), parts.get(2));
    NDArray marks = chunk.marks(landmarks);
    NDArray weights = weigh(pass, chunk.logits(), marks, chunk.allowed(), chunk.groups());
    return merge(pass, chunk.values(weights));
  }

  private NDArray weigh(
      Pass pass, NDArray logits, NDArray landmarks, NDArray allowed, int groupCount) {
    NDArray weights =
        switch (config.softmax()) {
          case GROUPED ->
              LandmarkSoftmax.weights(
                  pass, logits, landmarks, allowed, groupCount, config.groupDropout());
          case PLAIN, WITHOUT_LANDMARKS ->
              Normalizer.SOFTMAX.weights(logits, visible(logits, landmarks, allowed));
        };
    return Dropout.apply(
        pass, pass.tap(this, DotProductAttention.PATTERN, weights), config.dropout());
  }

  /** What the usual softmax sees: also there, the landmark of its own block is hidden. */
  private NDArray visible(NDArray logits, NDArray landmarks, NDArray allowed) {
    Shape shape = logits.getShape();
    NDArray landmark = landmarks.expandDims(1).expandDims(1);
    NDArray mask =
        allowed == null
            ? logits
                .getManager()
                .ones(new Shape(1, 1, shape.get(2), shape.get(3)), DataType.BOOLEAN)
            : allowed;
    if (config.softmax() == LandmarkConfig.Softmax.WITHOUT_LANDMARKS) {
      return mask.logicalAnd(landmark.logicalNot());
    }
    NDArray whole = landmark.toType(DataType.INT64, false);
    NDArray section = whole.cumSum(3).sub(whole).mul(mask.toType(DataType.INT64, false));
    NDArray own = section.eq(section.max(new int[] {3}, true));
    return mask.logicalAnd(landmark.logicalAnd(own).logicalNot());
  }

  /** Which of all keys seen so far are landmarks. */
  private NDArray seenLandmarks(Pass pass, NDArray landmarks, NDArray x) {
    if (pass.cache() == null) {
      return landmarks;
    }
    Shape shape = x.getShape();
    NDArray marks = landmarks.broadcast(new Shape(shape.get(0), shape.get(1)));
    NDArray before = pass.cache().of(this).borrow("landmarks", x);
    NDArray all = before == null ? marks : before.concat(marks, 1);
    pass.cache().of(this).put("landmarks", all);
    return all;
  }

  /** Queries, keys and values, each (B, H, S, d). */
  private NDList parts(Pass pass, NDArray x) {
    return Tensors.splitHeads(projections.forward(pass, x), 3, config.heads());
  }

  private NDArray merge(Pass pass, NDArray context) {
    NDArray heads = Tensors.joinHeads(context);
    return Dropout.apply(pass, output.forward(pass, heads), config.dropout());
  }
}
