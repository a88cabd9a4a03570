package org.attentionzoo.blocks.papers.combiner;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.sparse.TokenBlocks;

/**
 * Combiner-Axial, row by row: tokens stand in rows of m. A token sees its own row up to itself one
 * by one, and of every earlier row what the token of its own column reads in all of that row. In
 * both directions it sees all rows; one that ends before its column is not seen.
 */
final class RowMajor implements Factorization {

  private final CombinerConfig config;
  private final UnaryBlock projection;
  private final UnaryBlock norm;
  private final UnaryBlock key;

  /** Projects a reading (H, d) to D, normalises it with the token added, and makes its key. */
  RowMajor(CombinerConfig config, UnaryBlock projection, UnaryBlock norm, UnaryBlock key) {
    this.config = config;
    this.projection = projection;
    this.norm = norm;
    this.key = key;
  }

  @Override
  public NDArray attend(Pass pass, Heads heads, NDArray averaged, NDArray hidden) {
    int m = config.segment();
    long length = heads.q().getShape().get(2);
    NDArray q = TokenBlocks.split(heads.q(), 2, m); // (B, H, R, m, d)
    NDArray k = TokenBlocks.split(heads.k(), 2, m);
    NDArray v = TokenBlocks.split(averaged, 2, m);
    long rows = q.getShape().get(2);
    NDArray direct = Logits.products(q, k); // (B, H, R, m, m)
    NDArray exists =
        config.causal()
            ? null
            : TokenBlocks.exists(q, length, m, heads.valid()).expandDims(1); // (B, 1, R, m)
    if (exists != null) {
      direct = direct.add(Logits.hide(exists, q).expandDims(3));
    }
    NDArray reads = Logits.weights(pass, direct, config.dropout());
    NDArray reading = reads.matMul(v); // (B, H, R, m, e)
    boolean own = averaged == heads.v(); // else readings of something else, by the same keys
    NDArray read = own ? reading : reads.matMul(TokenBlocks.split(heads.v(), 2, m));
    NDArray tokens = TokenBlocks.split(hidden, 1, m); // (B, R, m, D)
    NDArray projected = projection.forward(pass, read.transpose(0, 2, 3, 1, 4));
    NDArray rowKey = // (B, H, m, R, d)
        key.forward(pass, norm.forward(pass, projected.add(tokens))).transpose(0, 3, 2, 1, 4);
    NDArray column = q.transpose(0, 1, 3, 2, 4); // (B, H, m, R, d)
    NDArray readings = Logits.products(column, rowKey); // (B, H, m, R, R)
    if (config.causal()) {
      direct = direct.add(Logits.earlier(q, m, false));
      readings = readings.add(Logits.earlier(q, rows, true));
    } else {
      // In a last row that is not whole, some columns have no token that could read it.
      readings = readings.add(Logits.hide(exists.transpose(0, 1, 3, 2), q).expandDims(3));
    }
    NDList weights =
        Logits.weights(pass, direct.concat(readings.transpose(0, 1, 3, 2, 4), 4), config.dropout())
            .split(new long[] {m}, 4);
    NDArray near = weights.get(0).matMul(v);
    NDArray far =
        weights
            .get(1)
            .transpose(0, 1, 3, 2, 4)
            .matMul(reading.transpose(0, 1, 3, 2, 4)); // (B, H, m, R, e)
    return TokenBlocks.join(near.add(far.transpose(0, 1, 3, 2, 4)), 2, length);
  }
}
