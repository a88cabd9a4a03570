package org.attentionzoo.blocks.sparse;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.List;
import org.attentionzoo.blocks.kernels.KernelCatalog;
import org.attentionzoo.blocks.kernels.KernelCheck;
import org.attentionzoo.blocks.kernels.KernelCheck.Case;

/** The kernels of selection and of attention to selected keys, beside their plain versions. */
@AutoService(KernelCatalog.class)
public final class SelectionKernels implements KernelCatalog {

  private static final double SCALE = 0.4;
  private static final String REASON = "float32 rounding";

  /** {@inheritDoc} */
  @Override
  public List<KernelCheck> kernels() {
    return List.of(
        top(3, candidates(1, 1, 1, 3), candidates(2, 3, 5, 7), candidates(1, 2, 1, 33))
            .timedOn(candidates(4, 4, 256, 64)),
        top(16, candidates(1, 1, 1, 16), candidates(2, 3, 5, 33))
            .timedOn(candidates(1, 4, 256, 512)),
        new KernelCheck(
                "sparse/gathered attention",
                in -> attend(in, true),
                in -> attend(in, false),
                List.of(
                    lists(1, 1, 1, 1, 1, 1, 2),
                    lists(2, 4, 2, 5, 9, 6, 3),
                    lists(1, 3, 3, 17, 4, 33, 8)),
                2e-5,
                REASON)
            .timedOn(lists(2, 4, 4, 256, 512, 64, 32)));
  }

  private static KernelCheck top(int count, Case... inputs) {
    return new KernelCheck(
        "sparse/top " + count,
        in -> TopSelection.fast(in.head(), count),
        in -> TopSelection.plain(in.head(), count),
        List.of(inputs),
        0,
        "both choose the same");
  }

  private static NDList attend(NDList in, boolean fast) {
    return new NDList(
        fast
            ? GatheredAttention.fast(in.get(0), in.get(1), in.get(2), in.get(3), in.get(4), SCALE)
            : GatheredAttention.plain(
                in.get(0), in.get(1), in.get(2), in.get(3), in.get(4), SCALE));
  }

  private static Case candidates(long batch, long heads, long queries, long count) {
    return new Case(
        "batch " + batch + ", " + queries + " queries, " + count + " candidates",
        m -> new NDList(m.randomNormal(new Shape(batch, heads, queries, count))));
  }

  /** Lists in which keys are named several times, and some queries are allowed none. */
  private static Case lists(
      long batch, long heads, long groups, long queries, int keys, long listed, long width) {
    return new Case(
        "batch " + batch + ", " + queries + " queries, " + listed + " of " + keys + " keys",
        m ->
            new NDList(
                m.randomNormal(new Shape(batch, heads, queries, width)),
                m.randomNormal(new Shape(batch, groups, keys, width)),
                m.randomNormal(new Shape(batch, groups, keys, width + 1)),
                m.randomInteger(0, keys, new Shape(batch, heads, queries, listed), DataType.INT64),
                m.randomUniform(0, 1, new Shape(batch, 1, queries, listed)).gt(0.4)));
  }
}
