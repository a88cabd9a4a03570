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
    List<Case> whole =
        List.of(
            dense(1, 1, 1, 1, 2),
            dense(2, 3, 7, 7, 5),
            dense(1, 2, 33, 33, 16),
            dense(2, 1, 65, 65, 4),
            dense(1, 2, 150, 150, 8),
            dense(1, 1, 193, 193, 4));
    List<Case> inChunks =
        List.of(
            dense(1, 1, 1, 1, 2),
            dense(2, 3, 7, 7, 5),
            dense(2, 1, 65, 65, 4),
            dense(2, 3, 150, 150, 8),
            dense(1, 2, 193, 193, 4));
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
                "float32 rounding")
            .timedOn(
                sized(4, 4, 128, 32),
                sized(2, 4, 512, 64),
                sized(1, 8, 1024, 64),
                sized(1, 8, 2048, 64)),
        new KernelCheck(
            "attention/causal by oneDNN",
            in ->
                new NDList(
                    DotProductAttention.causalByOneDnn(in.get(0), in.get(1), in.get(2), SCALE)),
            in -> plain(in, null, true),
            List.of(dense(2, 8, 384, 384, 32), dense(1, 4, 592, 592, 128)),
            2e-5,
            "float32 rounding"),
        dropped("attention/causal, with dropout", new DroppedAttention(false, false), inChunks)
            .timedOn(
                sized(32, 1, 50, 50),
                sized(4, 4, 64, 32),
                sized(4, 4, 128, 32),
                sized(2, 8, 256, 64),
                sized(2, 4, 512, 64),
                sized(1, 8, 1024, 64)),
        dropped(
            "attention/causal, with dropout, by oneDNN",
            new DroppedAttention(false, false, () -> true, () -> true),
            List.of(
                dense(2, 8, 384, 384, 32), dense(1, 4, 592, 592, 128), dense(2, 3, 150, 150, 8))),
        dropped(
            "attention/causal, with dropout, by MKL",
            new DroppedAttention(false, false, () -> false, () -> false),
            inChunks),
        dropped(
                "attention/causal, masked and biased, with dropout",
                new DroppedAttention(true, true),
                whole)
            .timedOn(sized(32, 1, 50, 50), sized(4, 4, 128, 32), sized(2, 4, 512, 64)),
        dropped("attention/causal, masked, with dropout", new DroppedAttention(true, false), whole),
        dropped(
            "attention/causal, biased, with dropout",
            new DroppedAttention(false, true),
            List.of(
                dense(2, 3, 7, 7, 5),
                dense(1, 2, 3, 5, 4),
                dense(1, 2, 5, 3, 4),
                dense(1, 2, 70, 70, 8))),
        new KernelCheck(
                "attention/biased",
                in -> fast(in, in.get(3), false),
                in -> plain(in, in.get(3), false),
                List.of(dense(1, 1, 1, 4, 2), dense(2, 3, 7, 5, 5)),
                2e-5,
                "float32 rounding")
            .timedOn(dense(4, 4, 128, 128, 32), dense(2, 4, 512, 512, 64)),
        new KernelCheck(
                "attention/causal, factored bias",
                in -> fastFactored(in, null, true),
                in -> plainFactored(in, null, true),
                factored,
                2e-5,
                "float32 rounding")
            .timedOn(factored(4, 4, 128, 128, 32, 8), factored(2, 4, 512, 512, 64, 8)),
        new KernelCheck(
                "attention/factored and dense bias",
                in -> fastFactored(in, in.get(5), false),
                in -> plainFactored(in, in.get(5), false),
                List.of(factored(1, 1, 1, 3, 2, 1), factored(2, 3, 7, 4, 5, 2)),
                2e-5,
                "float32 rounding")
            .timedOn(factored(4, 4, 128, 128, 32, 8), factored(2, 4, 512, 512, 64, 8)));
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

  private static KernelCheck dropped(String name, DroppedAttention attention, List<Case> cases) {
    return new KernelCheck(
            name,
            attention::fast,
            attention::plain,
            cases,
            2e-5,
            "float32 rounding; both drop the same")
        .timedAgainst(attention::independent);
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
                m.randomNormal(new Shape(1, heads, queries, keys)),
                m.arange((int) (batch * keys)).neq(keys).reshape(batch, 1, 1, keys)));
  }

  private static Case sized(long batch, long heads, long length, long width) {
    return dense(batch, heads, length, length, width);
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
