package org.attentionzoo.blocks.papers.dhsa;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.kernels.KernelLibrary;
import org.attentionzoo.blocks.papers.dhsa.SelectionConfig.Pooling;
import org.attentionzoo.blocks.sparse.SpanPooling;
import org.attentionzoo.blocks.sparse.StableOrder;
import org.attentionzoo.blocks.sparse.TokenBlocks;

/**
 * Chooses keys for blocks of queries by the scores of the keys' chunks: block and chunk are one
 * vector each, the mean over their tokens and all heads, and every key has its chunk's score. The
 * same keys are chosen for all heads.
 *
 * <p>Of keys with equal scores, as those of one chunk are, the earlier are chosen. The scores of a
 * block are of all its queries, and of chunks that may end behind it: which earlier keys a query
 * sees depends on later tokens.
 */
final class KeySelection {

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(KeySelection.class, "key_selection.torchscript");

  private KeySelection() {}

  /**
   * Chooses.
   *
   * @param pass what the pass carries
   * @param config which keys
   * @param q (B, H, Lq, d) without the instruction's
   * @param k (B, H, L, d)
   * @param borders (B, C + 1) int64, the chunks of keys
   * @return (B, blocks, T) int64, ascending before the first tokens take their places
   */
  static NDArray choose(Pass pass, SelectionConfig config, NDArray q, NDArray k, NDArray borders) {
    return firstTokens(config, chosen(pass, config, scores(pass, config, q, k, borders)), k);
  }

  /** (B, blocks, L) float32: the score of each key's chunk. */
  static NDArray scores(Pass pass, SelectionConfig config, NDArray q, NDArray k, NDArray borders) {
    int block = config.block();
    long queries = q.getShape().get(2);
    NDArray meanQuery = q.toType(DataType.FLOAT32, false).mean(new int[] {1}); // (B, Lq, d)
    NDArray meanKey = k.toType(DataType.FLOAT32, false).mean(new int[] {1});
    NDArray blocks = TokenBlocks.split(meanQuery, 1, block); // (B, n, b, d)
    NDArray blockQuery =
        config.pooling() == Pooling.MAX_OF_QUERIES
            ? SpanPooling.MAX.pool(blocks, 2)
            : SpanPooling.MEAN.pool(blocks, 2);
    NDArray chunkKey = SpanPooling.MEAN.overSpans(meanKey, borders);
    if (config.pooling() == Pooling.SCALED_MEAN) {
      NDArray live =
          TokenBlocks.exists(q, queries, block, null)
              .toType(DataType.FLOAT32, false)
              .sum(new int[] {2}, true); // (1, n, 1)
      blockQuery = blockQuery.mul(live.sqrt());
      NDArray lengths = SpanPooling.lengths(borders).toType(DataType.FLOAT32, false);
      chunkKey = chunkKey.mul(Arithmetic.atLeast(lengths, 1).sqrt().expandDims(2));
    }
    NDArray chunkScores = blockQuery.matMul(chunkKey.swapAxes(1, 2)); // (B, n, C)
    NDArray chunk = SpanPooling.spanOf(pass, borders, k.getShape().get(2)); // (B, L)
    Shape wide =
        new Shape(chunk.getShape().get(0), blockQuery.getShape().get(1), chunk.getShape().get(1));
    return chunkScores.gather(chunk.expandDims(1).broadcast(wide), 2);
  }

  /**
   * The best of the keys that a block may see, the latest among them whatever their scores.
   *
   * @param pass what the pass carries
   * @param config which keys
   * @param scores (B, blocks, L)
   * @return (B, blocks, T) int64, ascending; the last key in place of those that are missing
   */
  static NDArray chosen(Pass pass, SelectionConfig config, NDArray scores) {
    int budget = budget(config, scores.getShape().get(2));
    return pass.kernels(scores) ? fast(config, scores, budget) : plain(config, scores, budget);
  }

  /** How many keys are chosen of so many. */
  static int budget(SelectionConfig config, long keys) {
    int budget = (int) Math.min(config.budget(), keys);
    return config.window() > 0 ? Math.min(budget, config.window()) : budget;
  }

  static NDArray fast(SelectionConfig config, NDArray scores, int budget) {
    int recent = Math.min(config.recent(), budget);
    return KERNELS.call("choose_keys", scores, config.block(), config.window(), budget, recent);
  }

  static NDArray plain(SelectionConfig config, NDArray scores, int budget) {
    NDManager manager = scores.getManager();
    int blocks = (int) scores.getShape().get(1);
    int keys = (int) scores.getShape().get(2);
    NDArray key = manager.arange(0, keys, 1, DataType.INT64, scores.getDevice());
    NDArray end =
        Arithmetic.times(
                manager.arange(1, blocks + 1, 1, DataType.INT64, scores.getDevice()),
                config.block())
            .toType(DataType.INT64, false)
            .expandDims(1); // (n, 1)
    NDArray allowed = key.expandDims(0).lt(end);
    if (config.window() > 0) {
      allowed = allowed.logicalAnd(key.expandDims(0).gte(end.sub(config.window())));
    }
    NDArray count = allowed.toType(DataType.INT64, false).cumSum(1);
    NDArray total = count.get(":, -1:");
    int recent = Math.min(config.recent(), budget);
    NDArray late = allowed.logicalAnd(count.gt(total.sub(recent)));
    Shape wide = scores.getShape();
    float most = Float.MAX_VALUE;
    NDArray lowest = scores.zerosLike().sub(most);
    NDArray ranked = NDArrays.where(allowed.expandDims(0).broadcast(wide), scores, lowest);
    ranked = NDArrays.where(late.expandDims(0).broadcast(wide), lowest.neg(), ranked);
    NDArray order = StableOrder.descending(ranked).get(":, :, :{}", budget);
    NDArray found = allowed.expandDims(0).broadcast(wide).gather(order, 2);
    return NDArrays.where(found, order, order.zerosLike().add(keys - 1L)).sort(2);
  }

  /** The first entries become the first tokens, or the window's first, up to the block's end. */
  static NDArray firstTokens(SelectionConfig config, NDArray chosen, NDArray k) {
    int budget = (int) chosen.getShape().get(2);
    int first = Math.min(config.first(), budget);
    if (first == 0) {
      return chosen;
    }
    NDManager manager = chosen.getManager();
    int blocks = (int) chosen.getShape().get(1);
    long keys = k.getShape().get(2);
    NDArray start =
        Arithmetic.times(
                manager.arange(0, blocks, 1, DataType.INT64, chosen.getDevice()), config.block())
            .toType(DataType.INT64, false)
            .expandDims(1);
    NDArray from =
        config.window() > 0 ? Arithmetic.atLeast(start.sub(config.window()), 0) : start.zerosLike();
    NDArray last = Arithmetic.atMost(start.add(config.block()), keys).sub(1);
    NDArray token = manager.arange(0, first, 1, DataType.INT64, chosen.getDevice());
    NDArray replaced =
        from.add(token.expandDims(0))
            .minimum(last)
            .toType(DataType.INT64, false)
            .expandDims(0)
            .broadcast(new Shape(chosen.getShape().get(0), blocks, first));
    return first == budget ? replaced : replaced.concat(chosen.get(":, :, {}:", first), 2);
  }
}
