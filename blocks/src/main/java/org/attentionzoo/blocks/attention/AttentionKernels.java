package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.List;
import org.attentionzoo.blocks.kernels.KernelCatalog;
import org.attentionzoo.blocks.kernels.KernelCheck;
import org.attentionzoo.blocks.kernels.KernelCheck.Case;

/** The kernels of this package beside their plain versions. */
@AutoService(KernelCatalog.class)
public final class AttentionKernels implements KernelCatalog {

  private static final double SCALE = 0.4;

  /** {@inheritDoc} */
  @Override
  public List<KernelCheck> kernels() {
    List<Case> whole = List.of(dense(1, 1, 1, 1, 2), dense(2, 3, 7, 7, 5), dense(1, 2, 33, 33, 16));
    List<Case> factored =
        List.of(
            factored(1, 1, 1, 1, 2, 1), factored(2, 3, 7, 7, 5, 2), factored(1, 2, 19, 19, 8, 9));
    return List.of(
        new KernelCheck(
            "attention/causal",
            in -> fast(in, null, true),
            in -> plain(in, null, true),
            whole,
            2e-5,
            "float32 rounding"),
        new KernelCheck(
            "attention/biased",
            in -> fast(in, in.get(3), false),
            in -> plain(in, in.get(3), false),
            List.of(dense(1, 1, 1, 4, 2), dense(2, 3, 7, 5, 5)),
            2e-5,
            "float32 rounding"),
        new KernelCheck(
            "attention/causal, factored bias",
            in -> fastFactored(in, null, true),
            in -> plainFactored(in, null, true),
            factored,
            2e-5,
            "float32 rounding"),
        new KernelCheck(
            "attention/factored and dense bias",
            in -> fastFactored(in, in.get(5), false),
            in -> plainFactored(in, in.get(5), false),
            List.of(factored(1, 1, 1, 3, 2, 1), factored(2, 3, 7, 4, 5, 2)),
            2e-5,
            "float32 rounding"));
  }

  private static NDList fast(NDList in, NDArray bias, boolean causal) {
    return new NDList(
        DotProductAttention.fast(in.get(0), in.get(1), in.get(2), null, bias, causal, SCALE));
  }

  private static NDList plain(NDList in, NDArray bias, boolean causal) {
    return new NDList(
        DotProductAttention.pattern(in.get(0), in.get(1), null, bias, causal, SCALE)
            .matMul(in.get(2)));
  }

  private static NDList fastFactored(NDList in, NDArray bias, boolean causal) {
    return new NDList(
        DotProductAttention.fastFactored(
            in.get(0), in.get(1), in.get(2), in.get(3), in.get(4), null, bias, causal, SCALE));
  }

  private static NDList plainFactored(NDList in, NDArray bias, boolean causal) {
    NDArray whole = in.get(3).matMul(in.get(4).swapAxes(2, 3));
    return plain(in, bias == null ? whole : whole.add(bias), causal);
  }

  private static Case dense(long batch, long heads, long queries, long keys, long width) {
    return new Case(
        "batch " + batch + ", " + queries + " queries, " + keys + " keys, width " + width,
        m ->
            new NDList(
                m.randomNormal(new Shape(batch, heads, queries, width)),
                m.randomNormal(new Shape(batch, heads, keys, width)),
                m.randomNormal(new Shape(batch, heads, keys, width)),
                m.randomNormal(new Shape(1, heads, queries, keys))));
  }

  private static Case factored(
      long batch, long heads, long queries, long keys, long width, long rank) {
    return new Case(
        "batch " + batch + ", " + queries + " queries, " + keys + " keys, rank " + rank,
        m ->
            new NDList(
                m.randomNormal(new Shape(batch, heads, queries, width)),
                m.randomNormal(new Shape(batch, heads, keys, width)),
                m.randomNormal(new Shape(batch, heads, keys, width + 2)),
                m.randomNormal(new Shape(1, heads, queries, rank)),
                m.randomNormal(new Shape(batch, 1, keys, rank)),
                m.randomNormal(new Shape(1, 1, queries, keys))));
  }
}
