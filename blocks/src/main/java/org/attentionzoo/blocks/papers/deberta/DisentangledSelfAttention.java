package org.attentionzoo.blocks.papers.deberta;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.kernels.KernelLibrary;
import org.attentionzoo.blocks.layers.Dropout;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;

/**
 * Disentangled self-attention (He et al. 2020, equation 4): per head of width d,
 *
 * <pre>
 *   A_ij = (q_i k_j + q_i Kr_idx(i,j) + k_j Qr_idx(i,j)) / sqrt(d f)
 *   softmax over the keys j that are not padding, times v
 * </pre>
 *
 * where Kr and Qr are keys and queries of relative positions and f is the number of terms. Both
 * position terms read row idx(i, j), the row of i - j, as both public codes do; the paper writes
 * delta(j, i) for the last. Rows of padded queries are zero.
 *
 * <p>State dict: {@code query_proj}, {@code key_proj}, {@code value_proj}, and without shared
 * projections {@code pos_key_proj} and {@code pos_query_proj}, all with bias.
 */
public final class DisentangledSelfAttention extends ZooBlock {

  /** The tap: (B, H, L, L), rows sum to 1, or are zero where the query is padding. */
  public static final String PATTERN = "pattern";

  static final KernelLibrary KERNELS =
      KernelLibrary.of(DisentangledSelfAttention.class, "deberta.torchscript");

  /** Stands for minus infinity where a row may be masked as a whole. */
  private static final double MASKED = -1e30;

  private final DebertaConfig config;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear positionKey;
  private final Linear positionQuery;
  private final double scale;

  /**
   * What relative attention is told.
   *
   * @param table (R, D) the rows of the table of relative positions that are used
   * @param index (L, L) int64, the row for each query and key
   */
  public record Relative(NDArray table, NDArray index) {}

  /**
   * Attention.
   *
   * @param config its sizes and switches
   */
  public DisentangledSelfAttention(DebertaConfig config) {
    this.config = config;
    query = child("query_proj", projection());
    key = child("key_proj", projection());
    value = child("value_proj", projection());
    boolean separate = config.relativeAttention() && !config.shareAttentionKey();
    positionKey =
        separate && config.contentToPosition() ? child("pos_key_proj", projection()) : null;
    positionQuery =
        separate && config.positionToContent() ? child("pos_query_proj", projection()) : null;
    scale = 1 / Math.sqrt((double) config.width() / config.heads() * config.scaleFactor());
  }

  private Linear projection() {
    return new Linear(
        config.width(),
        config.width(),
        Initializers.normal(config.initializerRange()),
        Initializers.constant(0));
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(PATTERN);
  }

  /**
   * Attends.
   *
   * @param pass what the pass carries
   * @param hidden (B, L, D) from which keys and values come
   * @param queries (B, L, D) from which queries come; null for hidden
   * @param valid (B, L) boolean, false where padded: padded queries see nothing, padded keys are
   *     not seen; or (B, L, L) or (B, 1, L or 1, L) boolean, which keys each query sees; null if
   *     all are
   * @param relative relative positions; null without relative attention
   * @return (B, L, D)
   */
  public NDArray attend(
      Pass pass, NDArray hidden, NDArray queries, NDArray valid, Relative relative) {
    NDArray visible = visible(valid);
    NDArray q =
        Tensors.splitHeads(query.forward(pass, queries == null ? hidden : queries), config.heads());
    NDArray k = Tensors.splitHeads(key.forward(pass, hidden), config.heads());
    NDArray v = Tensors.splitHeads(value.forward(pass, hidden), config.heads());
    NDArray keys = null;
    NDArray rowQueries = null;
    NDArray index = null;
    if (relative != null) {
      NDArray table = Dropout.apply(pass, relative.table(), config.dropout()).expandDims(0);
      boolean share = config.shareAttentionKey();
      index = relative.index();
      if (config.contentToPosition()) {
        keys =
            Tensors.splitHeads((share ? key : positionKey).forward(pass, table), config.heads())
                .squeeze(0);
      }
      if (config.positionToContent()) {
        rowQueries =
            Tensors.splitHeads((share ? query : positionQuery).forward(pass, table), config.heads())
                .squeeze(0);
      }
    }
    boolean drops = config.attentionDropout() > 0 && pass.isTraining();
    NDArray context;
    if (pass.kernels(hidden) && !drops && !pass.listens(this, PATTERN)) {
      context = KERNELS.call("attention", q, k, v, keys, rowQueries, index, visible, scale);
    } else {
      NDArray pattern =
          pass.kernels(hidden)
              ? fast(q, k, keys, rowQueries, index, visible, scale)
              : plain(q, k, keys, rowQueries, index, visible, scale);
      pattern = pass.tap(this, PATTERN, pattern);
      context = Dropout.apply(pass, pattern, config.attentionDropout()).matMul(v);
    }
    return Tensors.joinHeads(context);
  }

  /** (B, 1, Lq or 1, Lk) boolean from any form of a mask; null if all is visible. */
  static NDArray visible(NDArray mask) {
    if (mask == null) {
      return null;
    }
    NDArray set = mask.getDataType() == DataType.BOOLEAN ? mask : mask.neq(0);
    return switch (set.getShape().dimension()) {
      case 2 -> set.expandDims(1).expandDims(3).logicalAnd(set.expandDims(1).expandDims(2));
      case 3 -> set.expandDims(1);
      case 4 -> set;
      default ->
          throw new IllegalArgumentException(
              "the mask has shape "
                  + mask.getShape()
                  + "; give (B, L), (B, L, L), (B, 1, L, L) or (B, 1, 1, L)");
    };
  }

  /** (B, L) boolean from any form of a mask: whether any query sees the token. */
  static NDArray tokens(NDArray mask) {
    if (mask == null || mask.getShape().dimension() == 2) {
      return mask == null || mask.getDataType() == DataType.BOOLEAN ? mask : mask.neq(0);
    }
    return visible(mask).toType(DataType.INT64, false).sum(new int[] {2}).neq(0).squeeze(1);
  }

  static NDArray fast(
      NDArray q,
      NDArray k,
      NDArray keys,
      NDArray rowQueries,
      NDArray index,
      NDArray visible,
      double scale) {
    return KERNELS.call("pattern", q, k, keys, rowQueries, index, visible, scale);
  }

  /** The kernel {@code pattern} by NDArray operations. */
  static NDArray plain(
      NDArray q,
      NDArray k,
      NDArray keys,
      NDArray rowQueries,
      NDArray index,
      NDArray visible,
      double scale) {
    NDArray turned = Arithmetic.times(k.swapAxes(2, 3), scale);
    NDArray scores = q.matMul(turned);
    if (index != null) {
      NDArray rows = index.broadcast(scores.getShape());
      if (keys != null) {
        NDArray scaled = Arithmetic.times(keys.swapAxes(1, 2), scale);
        scores = scores.add(q.matMul(scaled).gather(rows, 3));
      }
      if (rowQueries != null) {
        scores = scores.add(rowQueries.matMul(turned).gather(rows, 2));
      }
    }
    if (visible == null) {
      return scores.softmax(-1);
    }
    NDArray keep = visible.toType(scores.getDataType(), false);
    NDArray blocked = Arithmetic.times(Tensors.oneMinus(keep), MASKED);
    return scores.mul(keep).add(blocked).softmax(-1).mul(keep);
  }

  /**
   * Attends within each sequence.
   *
   * @param pass what the pass carries
   * @param inputs (B, L, D); with relative attention the rows (R, D) and the index (L, L) int64;
   *     then optionally a mask as of {@link #attend}, boolean or numbers
   * @return (B, L, D)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    int used = config.relativeAttention() ? 3 : 1;
    Relative relative =
        config.relativeAttention() ? new Relative(inputs.get(1), inputs.get(2)) : null;
    NDArray valid = inputs.size() > used ? inputs.get(used) : null;
    return new NDList(attend(pass, inputs.get(0), null, valid, relative));
  }
}
