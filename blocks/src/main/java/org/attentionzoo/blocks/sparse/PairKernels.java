package org.attentionzoo.blocks.sparse;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.List;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.kernels.KernelCatalog;
import org.attentionzoo.blocks.kernels.KernelCheck;
import org.attentionzoo.blocks.kernels.KernelCheck.Case;

/** Attention over the pairs of a compressed map beside attention under the stretched mask. */
@AutoService(KernelCatalog.class)
public final class PairKernels implements KernelCatalog {

  private static final double SCALE = 0.5;

  /** {@inheritDoc} */
  @Override
  public List<KernelCheck> kernels() {
    return List.of(
        new KernelCheck(
                "sparse/pair_attention",
                PairKernels::fast,
                PairKernels::plain,
                List.of(attention(1, 1, 1, 4), attention(2, 3, 17, 8), attention(2, 1, 33, 4)),
                2e-5,
                "float32 rounding")
            .timedOn(attention(2, 4, 1024, 32)),
        new KernelCheck(
                "sparse/greatest cells",
                in -> marked(CompressedMap.topFast(in.head(), sevenOf(in.head()))),
                in -> marked(CompressedMap.topPlain(in.head(), sevenOf(in.head()))),
                List.of(cells(2, 3, 5), cells(2, 3, 60)),
                0,
                "the same cells are marked, of equal ones the first")
            .timedOn(cells(2, 512, 128)));
  }

  private static NDList marked(NDArray cells) {
    return new NDList(cells.toType(DataType.INT64, false));
  }

  private static NDArray sevenOf(NDArray scores) {
    return scores.getManager().full(new Shape(1), 7f, scores.getDataType());
  }

  /** With few different scores. */
  private static Case cells(long batch, long rows, long count) {
    Shape shape = new Shape(batch, rows, count);
    return new Case("scores " + shape, m -> new NDList(m.randomNormal(shape).round()));
  }

  /** The queries are the map too: as many columns as a head is wide. */
  private static NDList fast(NDList in) {
    NDArray q = in.get(0);
    NDArray counts = counts(q);
    NDArray selected = CompressedMap.topFast(q.stopGradient(), wanted(counts));
    NDList pairs = CompressedMap.pairs(selected, counts.reshape(1, -1), null, q.getShape().get(2));
    return new NDList(
        PairAttention.attend(q, in.get(1), in.get(2), pairs.get(0), pairs.get(1), SCALE));
  }

  private static NDList plain(NDList in) {
    NDArray q = in.get(0);
    NDArray counts = counts(q);
    NDArray selected = CompressedMap.topPlain(q, wanted(counts));
    long keys = q.getShape().get(2);
    NDArray index = q.getManager().arange(0f, (float) keys, 1f, q.getDataType(), q.getDevice());
    NDArray columns =
        CompressedMap.columns(index, counts, null, (int) q.getShape().get(3))
            .reshape(1, 1, keys, keys);
    NDArray mask = CompressedMap.stretch(selected.toType(q.getDataType(), false), columns, 0);
    return new NDList(PairAttention.weights(q, in.get(1), mask, SCALE).matMul(in.get(2)));
  }

  private static NDArray counts(NDArray q) {
    float keys = q.getShape().get(2);
    return q.getManager().arange(1f, keys + 1, 1f, q.getDataType(), q.getDevice()).reshape(-1, 1);
  }

  /** About two keys for each query. */
  private static NDArray wanted(NDArray counts) {
    return Arithmetic.atLeast(Arithmetic.times(counts.onesLike(), 16).div(counts).round(), 1);
  }

  private static Case attention(int batch, int heads, int length, int width) {
    Shape shape = new Shape(batch, heads, length, width);
    return new Case(
        "batch " + batch + ", length " + length,
        m -> new NDList(m.randomNormal(shape), m.randomNormal(shape), m.randomNormal(shape)));
  }
}
