package org.attentionzoo.blocks.papers.combiner;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.sparse.TokenBlocks;

/**
 * Combiner-Logsparse: a token sees itself and, for each level l at which its block of 2^l tokens
 * has an odd number, the block to the left as one span. The binary digits of a token's number say
 * which spans these are; together they hold every earlier token once.
 */
final class LogSparseSpans implements Factorization {

  private final CombinerConfig config;

  LogSparseSpans(CombinerConfig config) {
    this.config = config;
  }

  @Override
  public NDArray attend(Pass pass, Heads heads, NDArray averaged, NDArray hidden) {
    NDArray q = heads.q();
    long length = q.getShape().get(2);
    int levels = levels(length, config.officialLevels());
    NDList logits = new NDList(q.mul(heads.k()).sum(new int[] {3}, true));
    NDList values = new NDList();
    for (int level = 0; level < levels; level++) {
      long size = 1L << level;
      NDArray queries = side(q, size, 1); // (B, H, P, w, d)
      NDArray keys = side(heads.k(), size, 0);
      NDArray left = side(averaged, size, 0);
      NDArray spanKey = level == 0 ? keys : config.pooling().pool(keys, 3).expandDims(3);
      NDArray value = left;
      if (level > 0) {
        NDArray spanQuery = config.pooling().pool(side(q, size, 0), 3).expandDims(3);
        NDArray inner = Logits.products(spanQuery, keys); // (B, H, P, 1, w)
        value = Logits.weights(pass, inner, config.dropout()).matMul(left);
      }
      values.add(value); // (B, H, P, 1, e)
      NDArray seen = Logits.products(queries, spanKey); // (B, H, P, w, 1)
      NDArray nothing = seen.zerosLike().add(Logits.HIDDEN);
      logits.add(whole(nothing, seen, length));
    }
    NDArray weights = Logits.weights(pass, Tensors.concat(logits, 3), config.dropout());
    NDArray mixed = weights.get("..., :1").mul(averaged);
    for (int level = 0; level < levels; level++) {
      NDArray own = side(weights.get("..., {}:{}", level + 1, level + 2), 1L << level, 1);
      NDArray part = own.mul(values.get(level)); // (B, H, P, w, e)
      mixed = mixed.add(whole(part.zerosLike(), part, length));
    }
    return mixed;
  }

  /** How many levels a sequence has. */
  static int levels(long length, boolean official) {
    if (length < 2) {
      return 0;
    }
    int floor = 63 - Long.numberOfLeadingZeros(length - 1);
    boolean power = Long.bitCount(length - 1) == 1;
    return official && power ? floor : floor + 1;
  }

  /** The left (0) or right (1) blocks of all pairs of blocks: (B, H, pairs, size, d). */
  private static NDArray side(NDArray x, long size, int which) {
    NDArray pairs = TokenBlocks.split(x, 2, 2 * size);
    return pairs.get(":, :, :, {}:{}", which * size, (which + 1) * size);
  }

  /** Left and right blocks as a sequence again. */
  private static NDArray whole(NDArray left, NDArray right, long length) {
    return TokenBlocks.join(left.concat(right, 3), 2, length);
  }
}
