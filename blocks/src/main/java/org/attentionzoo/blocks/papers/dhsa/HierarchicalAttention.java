package org.attentionzoo.blocks.papers.dhsa;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.OptionalDouble;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.sparse.TokenBlocks;
import org.attentionzoo.blocks.sparse.TokenRows;

/**
 * Dynamic hierarchical sparse attention (DHSA, arXiv 2510.24606): each block of queries attends to
 * keys that are chosen for it by the scores of chunks of keys; the instruction at the end attends
 * to all. No parameters.
 *
 * <p>A key that is chosen twice, as the first tokens may be, has two shares in softmax, as in the
 * official code. A query sees no later key, but which earlier ones it sees may depend on later
 * tokens. With all keys chosen and no first tokens forced, it is dense causal attention.
 */
public final class HierarchicalAttention extends ZooBlock {

  private final SelectionConfig config;
  private final OptionalDouble scale;

  /**
   * Attention.
   *
   * @param config which keys are chosen
   * @param scale multiplies the logits
   */
  public HierarchicalAttention(SelectionConfig config, double scale) {
    this(config, OptionalDouble.of(scale));
  }

  /**
   * Attention.
   *
   * @param config which keys are chosen
   * @param scale multiplies the logits; empty for 1 / sqrt(d)
   */
  public HierarchicalAttention(SelectionConfig config, OptionalDouble scale) {
    this.config = config;
    this.scale = scale;
  }

  /**
   * Attends.
   *
   * @param pass what the pass carries
   * @param inputs queries (B, H, Lq, d), keys and values (B, H, L, d), all from the sequence's
   *     start on, borders (B, C + 1) int64 of the chunks of keys; optionally the chosen keys (B,
   *     blocks, T) int64 of another layer, in which the first tokens take their places once more
   * @return (B, H, Lq, d) and the chosen keys (B, blocks, T) int64
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray q = inputs.get(0);
    NDArray k = inputs.get(1);
    NDArray v = inputs.get(2);
    NDArray borders = inputs.get(3).toType(DataType.INT64, false);
    long length = q.getShape().get(2);
    long instruction = Math.min(length, Math.max(0, config.instruction()));
    if (instruction == length) {
      throw new IllegalArgumentException(
          "all "
              + length
              + " tokens are the instruction; attend densely to so short a sequence, or give a"
              + " smaller instruction than "
              + config.instruction());
    }
    NDArray sparse = q.get(":, :, :{}", length - instruction);
    NDArray chosen =
        inputs.size() > 4
            ? KeySelection.firstTokens(config, inputs.get(4), k)
            : KeySelection.choose(pass, config, sparse, k, borders);
    NDArray read = attend(pass, sparse, k, v, chosen);
    if (instruction > 0) {
      read = read.concat(dense(pass, q, length - instruction, k, v), 2);
    }
    return new NDList(read, chosen);
  }

  /** {@inheritDoc} */
  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes) {
    Shape q = inputShapes[0];
    Shape v = inputShapes[2];
    long length = q.get(2);
    long sparse = length - Math.min(length, Math.max(0, config.instruction()));
    return new Shape[] {
      new Shape(q.get(0), q.get(1), length, v.get(3)),
      new Shape(
          q.get(0),
          TokenBlocks.count(sparse, config.block()),
          KeySelection.budget(config, inputShapes[1].get(2)))
    };
  }

  /** {@inheritDoc} */
  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes, DataType[] dataTypes) {
    return getOutputShapes(inputShapes);
  }

  /**
   * Attends to the chosen keys that are not later than the query.
   *
   * @param pass what the pass carries
   * @param q (B, H, Lq, d)
   * @param k (B, H, L, d)
   * @param v (B, H, L, e)
   * @param chosen (B, blocks, T) int64
   * @return (B, H, Lq, e)
   */
  public NDArray attend(Pass pass, NDArray q, NDArray k, NDArray v, NDArray chosen) {
    int block = config.block();
    NDManager manager = q.getManager();
    Shape shape = q.getShape();
    long batch = shape.get(0);
    long heads = shape.get(1);
    long count = chosen.getShape().get(1);
    long budget = chosen.getShape().get(2);
    NDArray rows =
        chosen.reshape(batch, 1, count * budget).broadcast(new Shape(batch, heads, count * budget));
    NDArray queries = perBlock(TokenBlocks.split(q, 2, block));
    NDArray keys = perBlock(TokenBlocks.split(TokenRows.gather(pass, k, rows), 2, budget));
    NDArray values = perBlock(TokenBlocks.split(TokenRows.gather(pass, v, rows), 2, budget));
    NDArray position =
        manager
            .arange(0, (int) (count * block), 1, DataType.INT64, q.getDevice())
            .reshape(1, count, block, 1);
    NDArray key = chosen.expandDims(2); // (B, n, 1, T)
    NDArray mask = sees(position, key).reshape(batch * count, 1, block, budget);
    NDArray read =
        DotProductAttention.attend(
            pass, this, queries, keys, values, mask, null, false, scale(q), 0); // (B n, H, b, e)
    Shape out = read.getShape();
    NDArray blocks = read.reshape(batch, count, heads, block, out.get(3)).transpose(0, 2, 1, 3, 4);
    return TokenBlocks.join(blocks, 2, shape.get(2));
  }

  /** The queries from one on to all keys; the first query stands where the first key does. */
  private NDArray dense(Pass pass, NDArray all, long from, NDArray k, NDArray v) {
    NDArray q = all.get(":, :, {}:", from);
    int keys = (int) k.getShape().get(2);
    int queries = (int) q.getShape().get(2);
    NDManager manager = q.getManager();
    NDArray position =
        manager
            .arange((int) from, (int) from + queries, 1, DataType.INT64, q.getDevice())
            .expandDims(1);
    NDArray key = manager.arange(0, keys, 1, DataType.INT64, q.getDevice()).expandDims(0);
    NDArray mask = sees(position, key).reshape(1, 1, queries, keys);
    return DotProductAttention.attend(pass, this, q, k, v, mask, null, false, scale(q), 0);
  }

  private double scale(NDArray q) {
    return scale.orElse(1 / Math.sqrt(q.getShape().get(3)));
  }

  private NDArray sees(NDArray position, NDArray key) {
    NDArray sees = key.lte(position);
    return config.window() == 0 ? sees : sees.logicalAnd(key.gte(position.sub(config.window())));
  }

  /** (B, H, n, t, d) to (B n, H, t, d). */
  private static NDArray perBlock(NDArray x) {
    Shape shape = x.getShape();
    return x.transpose(0, 2, 1, 3, 4)
        .reshape(shape.get(0) * shape.get(2), shape.get(1), shape.get(3), shape.get(4));
  }
}
