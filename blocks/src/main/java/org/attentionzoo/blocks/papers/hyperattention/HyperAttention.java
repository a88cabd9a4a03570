package org.attentionzoo.blocks.papers.hyperattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.sparse.AngularHash;
import org.attentionzoo.blocks.sparse.PartialAttention;
import org.attentionzoo.blocks.sparse.TokenOrder;
import org.attentionzoo.blocks.sparse.TokenRows;

/**
 * HyperAttention (Han et al. 2023, arXiv 2310.05869): an estimate of softmax attention without
 * parameters, at a cost of n log n. Queries and keys are sorted by an angular hash; a query sees
 * the keys that come to stand in its block, where the large weights are, and a few keys drawn from
 * all, each of which stands for many (algorithms 1 to 3).
 *
 * <p>With causality a sequence is halved: each half attends to itself in the same way, and the
 * later half to the earlier one without causality (algorithm 4). Values of later tokens never reach
 * a query; but which earlier keys a query sees depends on the hashes of the other queries of its
 * half, later ones among them, and on the length. Up to the minimum length attention is exact.
 *
 * <p>Nothing of the size L x L is formed, so that there is no attention pattern to read.
 */
public final class HyperAttention extends ZooBlock {

  /** Of float32, as in the official code. */
  private static final double EPSILON = Math.ulp(1f);

  private final HyperAttentionConfig config;
  private final boolean causal;

  /**
   * An estimate of attention.
   *
   * @param config its sizes and switches
   * @param causal whether a token sees only itself and earlier ones
   */
  public HyperAttention(HyperAttentionConfig config, boolean causal) {
    this.config = config;
    this.causal = causal;
  }

  /**
   * Attends with logits q k / sqrt(d).
   *
   * @param pass what the pass carries
   * @param inputs queries (B, H, Lq, d), keys (B, H, Lk, d) and values (B, H, Lk, e)
   * @return (B, H, Lq, e) and the log-sum-exp (B, H, Lq, 1)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray q = inputs.get(0);
    double scale = 1 / Math.sqrt(q.getShape().get(3));
    PartialAttention result =
        attend(pass, q, inputs.get(1), inputs.get(2), scale, new SeededDraws(config.seed()));
    return new NDList(result.output(), result.logSumExp());
  }

  /**
   * Attends.
   *
   * @param pass what the pass carries
   * @param q (B, H, Lq, d)
   * @param k (B, H, Lk, d); with causality, beyond the minimum length, as many as queries
   * @param v (B, H, Lk, e)
   * @param scale multiplies the logits
   * @param draws directions and samples
   * @return the estimate and its log-sum-exp
   * @throws IllegalArgumentException if there are other numbers of queries and keys than blocks can
   *     be made of
   */
  public PartialAttention attend(
      Pass pass, NDArray q, NDArray k, NDArray v, double scale, Draws draws) {
    long queries = q.getShape().get(2);
    long keys = k.getShape().get(2);
    if (causal ? keys <= config.minimumLength() : queries < config.minimumLength()) {
      return PartialAttention.of(pass, q, k, v, null, causal, scale);
    }
    if (causal && queries != keys) {
      throw new IllegalArgumentException(
          "causal attention beyond the minimum length of "
              + config.minimumLength()
              + " keys halves queries and keys alike; got "
              + queries
              + " queries and "
              + keys
              + " keys");
    }
    AngularHash hash = hash(q, draws);
    return causal
        ? halved(pass, q, k, v, scale, hash, draws)
        : sparse(pass, q, k, v, scale, hash, draws);
  }

  /**
   * The hash that draws decide.
   *
   * @param q whose width the directions have
   * @param draws gives the directions
   * @return the hash
   */
  public AngularHash hash(NDArray q, Draws draws) {
    return new AngularHash(
        draws.directions(q, q.getShape().get(3), config.projections()), config.visit());
  }

  private PartialAttention halved(
      Pass pass, NDArray q, NDArray k, NDArray v, double scale, AngularHash hash, Draws draws) {
    long length = q.getShape().get(2);
    if (length <= config.minimumLength()) {
      return PartialAttention.of(pass, q, k, v, null, true, scale);
    }
    NDArray queries = filled(q, 2);
    NDArray keys = filled(k, 2);
    NDArray values = filled(v, 2);
    PartialAttention inner =
        halved(pass, halves(queries), halves(keys), halves(values), scale, hash, draws);
    NDArray output = whole(inner.output());
    NDArray sum = whole(inner.logSumExp());
    long half = queries.getShape().get(2) / 2;
    PartialAttention across =
        sparse(
            pass,
            queries.get(":, :, {}:", half),
            keys.get(":, :, :{}", half),
            values.get(":, :, :{}", half),
            scale,
            hash,
            draws);
    PartialAttention later =
        new PartialAttention(output.get(":, :, {}:", half), sum.get(":, :, {}:", half))
            .merge(across, EPSILON);
    return new PartialAttention(
        output.get(":, :, :{}", half).concat(later.output(), 2).get(":, :, :{}", length),
        sum.get(":, :, :{}", half).concat(later.logSumExp(), 2).get(":, :, :{}", length));
  }

  private PartialAttention sparse(
      Pass pass, NDArray q, NDArray k, NDArray v, double scale, AngularHash hash, Draws draws) {
    long queries = q.getShape().get(2);
    long keys = k.getShape().get(2);
    if (queries < config.minimumLength()) {
      return PartialAttention.of(pass, q, k, v, null, false, scale);
    }
    TokenOrder order = TokenOrder.byBucket(hash.buckets(q));
    TokenOrder keyOrder = TokenOrder.byBucket(hash.buckets(k));
    NDArray sortedQueries = order.sort(pass, q);
    NDArray sortedKeys = keyOrder.sort(pass, k);
    NDArray sortedValues = keyOrder.sort(pass, v);
    int block = config.block();
    long blocks = block == 0 ? 0 : (keys + block - 1) / block;
    long queryBlock = block == 0 ? 0 : (queries + block - 1) / block * block / blocks;
    PartialAttention near =
        block == 0
            ? null
            : blocks(pass, sortedQueries, sortedKeys, sortedValues, blocks, queryBlock, scale);
    boolean samples = config.samples() > 0 && queries > queryBlock && keys > block;
    if (!samples) {
      return near.undo(pass, order);
    }
    Shape shape = q.getShape();
    NDArray drawn = draws.samples(q, shape.get(0), shape.get(1), keys, config.samples());
    NDArray allowed = config.masked() && block > 0 ? elsewhere(drawn, queries, queryBlock) : null;
    PartialAttention residual =
        PartialAttention.of(
                pass,
                sortedQueries,
                TokenRows.gather(pass, sortedKeys, drawn),
                TokenRows.gather(pass, sortedValues, drawn),
                allowed,
                false,
                scale)
            .weighed((double) keys / config.samples());
    return (near == null ? residual : near.merge(residual, EPSILON)).undo(pass, order);
  }

  private PartialAttention blocks(
      Pass pass, NDArray q, NDArray k, NDArray v, long blocks, long queryBlock, double scale) {
    int block = config.block();
    long queries = q.getShape().get(2);
    long keys = k.getShape().get(2);
    NDArray filled = filled(q, block);
    if (queryBlock * blocks != filled.getShape().get(2)) {
      throw new IllegalArgumentException(
          queries
              + " queries cannot be divided among the "
              + blocks
              + " blocks of "
              + keys
              + " keys; give another block than "
              + block);
    }
    NDArray exists = null;
    if (config.masked() && keys < blocks * block) {
      exists =
          k.getManager()
              .arange(0, (int) (blocks * block), 1, DataType.INT64, k.getDevice())
              .lt(keys)
              .reshape(1, blocks, 1, block);
    }
    PartialAttention inside =
        PartialAttention.of(
            pass,
            cut(filled, blocks),
            cut(filled(k, block), blocks),
            cut(filled(v, block), blocks),
            exists,
            false,
            scale);
    return new PartialAttention(
        joined(inside.output(), q).get(":, :, :{}", queries),
        joined(inside.logSumExp(), q).get(":, :, :{}", queries));
  }

  /** (B, H, Lq, m): whether a sample stands in another block than the query. */
  private NDArray elsewhere(NDArray samples, long queries, long queryBlock) {
    NDArray row =
        samples
            .getManager()
            .arange(0, (int) queries, 1, DataType.INT64, samples.getDevice())
            .reshape(1, 1, queries, 1);
    NDArray columns = samples.sub(samples.mod(config.block())).expandDims(2);
    // Whole numbers, so that the quotients of place and block are compared without rounding.
    return Arithmetic.times(row.sub(row.mod(queryBlock)), config.block())
        .neq(Arithmetic.times(columns, queryBlock));
  }

  /** Zeros behind the last row, up to a multiple of the block. */
  private static NDArray filled(NDArray x, int block) {
    Shape shape = x.getShape();
    long missing = (block - shape.get(2) % block) % block;
    if (missing == 0) {
      return x;
    }
    Shape tail = new Shape(shape.get(0), shape.get(1), missing, shape.get(3));
    return x.concat(x.getManager().zeros(tail, x.getDataType(), x.getDevice()), 2);
  }

  /** (B, H, L, d) to (B, 2 H, L / 2, d): the halves of a head follow each other. */
  private static NDArray halves(NDArray x) {
    Shape shape = x.getShape();
    return x.reshape(shape.get(0), 2 * shape.get(1), shape.get(2) / 2, shape.get(3));
  }

  private static NDArray whole(NDArray x) {
    Shape shape = x.getShape();
    return x.reshape(shape.get(0), shape.get(1) / 2, 2 * shape.get(2), shape.get(3));
  }

  /** (B, H, n b, d) to (B H, n, b, d). */
  private static NDArray cut(NDArray x, long blocks) {
    Shape shape = x.getShape();
    return x.reshape(shape.get(0) * shape.get(1), blocks, shape.get(2) / blocks, shape.get(3));
  }

  private static NDArray joined(NDArray x, NDArray like) {
    Shape shape = x.getShape();
    return x.reshape(
        like.getShape().get(0), like.getShape().get(1), shape.get(1) * shape.get(2), shape.get(3));
  }
}
