package org.attentionzoo.blocks.papers.combiner;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.kernels.KernelLibrary;
import org.attentionzoo.blocks.sparse.SpanPooling;
import org.attentionzoo.blocks.sparse.TokenBlocks;

/**
 * Combiner-Axial, mixture: tokens stand in rows of m. A token sees one by one its own row up to
 * itself and its own column above itself. The other columns it sees as summaries of all that is
 * above its row, the earlier rows as summaries of what is left and of what is right of its column;
 * so that others are reached in two ways.
 */
final class AxialMixture implements Factorization {

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(AxialMixture.class, "running.torchscript");

  private final CombinerConfig config;

  AxialMixture(CombinerConfig config) {
    this.config = config;
  }

  @Override
  public NDArray attend(Pass pass, Heads heads, NDArray averaged, NDArray hidden) {
    int m = config.segment();
    long length = heads.q().getShape().get(2);
    NDArray q = TokenBlocks.split(heads.q(), 2, m); // (B, H, R, m, d)
    NDArray k = TokenBlocks.split(heads.k(), 2, m);
    NDArray v = TokenBlocks.split(averaged, 2, m);
    long rows = q.getShape().get(2);
    NDArray qc = swap(q); // (B, H, m, R, d)
    NDArray kc = swap(k);
    NDArray vc = swap(v);
    NDArray above = Logits.earlier(q, rows, true);
    NDArray left = Logits.earlier(q, m, false);
    NDArray right = left.transpose();

    NDArray aboveValue =
        summary(pass, running(pass, qc, false), kc, vc, Logits.earlier(q, rows, false));
    NDArray aboveKey = swap(shift(running(pass, kc, false), false)); // (B, H, R, m, d)
    NDArray leftValue = summary(pass, running(pass, q, false), k, v, left);
    NDArray leftKey = swap(shift(running(pass, k, false), false)); // (B, H, m, R, d)
    NDArray rightValue = summary(pass, running(pass, q, true), k, v, right);
    NDArray rightKey = swap(shift(running(pass, k, true), true));

    NDArray columns = swap(Logits.products(qc, kc).add(above)); // (B, H, R, m, R)
    NDArray row = Logits.products(q, k).add(left); // (B, H, R, m, m)
    NDArray others = Logits.products(q, aboveKey).add(otherColumns(q, rows, m));
    NDArray before = swap(Logits.products(qc, leftKey).add(above).add(except(q, m, 0)));
    NDArray behind = swap(Logits.products(qc, rightKey).add(above).add(except(q, m, m - 1)));
    NDList all = new NDList(columns, row, others, before, behind);
    long[] ends = {rows, rows + m, rows + 2L * m, 2L * rows + 2L * m};
    NDList weights = Logits.weights(pass, Tensors.concat(all, 4), config.dropout()).split(ends, 4);

    NDArray mixed = swap(swap(weights.get(0)).matMul(vc));
    mixed = mixed.add(weights.get(1).matMul(v));
    mixed = mixed.add(weights.get(2).matMul(swap(shift(aboveValue, false))));
    mixed = mixed.add(swap(swap(weights.get(3)).matMul(swap(shift(leftValue, false)))));
    mixed = mixed.add(swap(swap(weights.get(4)).matMul(swap(shift(rightValue, true)))));
    return TokenBlocks.join(mixed, 2, length);
  }

  /** What each place's pooled query reads in the part that it stands for. */
  private NDArray summary(Pass pass, NDArray q, NDArray k, NDArray v, NDArray hide) {
    return Logits.weights(pass, Logits.products(q, k).add(hide), config.dropout()).matMul(v);
  }

  /** Pooled over all up to each place of axis 3, or from each place on. */
  private NDArray running(Pass pass, NDArray x, boolean backward) {
    NDArray turned = backward ? x.flip(3) : x;
    NDArray result;
    if (config.pooling() == SpanPooling.MAX) {
      result = pass.kernels(x) ? fastGreatest(turned) : plainGreatest(turned);
    } else {
      result = turned.cumSum(3);
      if (config.pooling() == SpanPooling.MEAN) {
        long places = x.getShape().get(3);
        NDArray count =
            x.getManager().arange(1, (int) places + 1, 1, x.getDataType(), x.getDevice());
        result = result.div(count.reshape(places, 1));
      }
    }
    return backward ? result.flip(3) : result;
  }

  /** The greatest so far along axis 3 of (B, H, n, l, d). */
  static NDArray fastGreatest(NDArray x) {
    return KERNELS.call("running_max", x);
  }

  static NDArray plainGreatest(NDArray x) {
    NDList all = new NDList();
    NDArray greatest = null;
    for (long i = 0; i < x.getShape().get(3); i++) {
      NDArray place = x.get(":, :, :, {}:{}", i, i + 1);
      greatest = greatest == null ? place : greatest.maximum(place);
      all.add(greatest);
    }
    return Tensors.concat(all, 3);
  }

  /** Each place of axis 3 gets what the place before (or behind) it had, the outermost zeros. */
  private static NDArray shift(NDArray x, boolean backward) {
    long places = x.getShape().get(3);
    NDArray zeros = x.get(":, :, :, :1").zerosLike();
    return backward
        ? x.get(":, :, :, 1:").concat(zeros, 3)
        : zeros.concat(x.get(":, :, :, :{}", places - 1), 3);
  }

  /** (R, m, m): nothing is above the first row, and the own column is seen token by token. */
  private static NDArray otherColumns(NDArray like, long rows, long m) {
    NDArray column = like.getManager().arange(0, (int) m, 1, DataType.INT64, like.getDevice());
    NDArray other = column.expandDims(0).neq(column.expandDims(1)).expandDims(0);
    NDArray row = like.getManager().arange(0, (int) rows, 1, DataType.INT64, like.getDevice());
    return Logits.hide(other.logicalAnd(row.gt(0).reshape(rows, 1, 1)), like);
  }

  /** (m, 1, 1): one column is hidden. */
  private static NDArray except(NDArray like, long m, long which) {
    NDArray column = like.getManager().arange(0, (int) m, 1, DataType.INT64, like.getDevice());
    return Logits.hide(column.neq(which).reshape(m, 1, 1), like);
  }

  private static NDArray swap(NDArray x) {
    return x.transpose(0, 1, 3, 2, 4);
  }
}
