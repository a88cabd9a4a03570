package org.attentionzoo.blocks.sparse;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.List;
import org.attentionzoo.blocks.kernels.KernelCatalog;
import org.attentionzoo.blocks.kernels.KernelCheck;
import org.attentionzoo.blocks.kernels.KernelCheck.Case;

/** The kernels of partial attention and of gathered rows beside their plain versions. */
@AutoService(KernelCatalog.class)
public final class BucketKernels implements KernelCatalog {

  private static final double SCALE = 0.4;

  /** {@inheritDoc} */
  @Override
  public List<KernelCheck> kernels() {
    return List.of(
        new KernelCheck(
                "sparse/partial attention",
                in ->
                    list(
                        PartialAttention.fast(in.get(0), in.get(1), in.get(2), null, false, SCALE)),
                in ->
                    list(
                        PartialAttention.plain(
                            in.get(0), in.get(1), in.get(2), null, false, SCALE)),
                List.of(attention(1, 1, 1, 1, 2, 2), attention(2, 3, 7, 5, 5, 4)),
                2e-5,
                "float32 rounding")
            .timedOn(attention(64, 1, 128, 128, 32, 32), attention(4, 4, 512, 64, 32, 32)),
        new KernelCheck(
                "sparse/partial attention, causal and masked",
                in ->
                    list(
                        PartialAttention.fast(
                            in.get(0), in.get(1), in.get(2), in.get(3), true, SCALE)),
                in ->
                    list(
                        PartialAttention.plain(
                            in.get(0), in.get(1), in.get(2), in.get(3), true, SCALE)),
                List.of(attention(1, 1, 1, 1, 2, 3), attention(2, 3, 7, 7, 5, 5)),
                2e-5,
                "float32 rounding")
            .timedOn(attention(2, 4, 256, 256, 32, 32)),
        new KernelCheck(
                "sparse/gathered rows",
                in -> new NDList(TokenRows.fastGather(in.get(0), in.get(1))),
                in -> new NDList(TokenRows.plainGather(in.get(0), in.get(1))),
                List.of(taken(1, 1, 1, 4, 1), taken(2, 3, 7, 9, 4)),
                2e-5,
                "float32 rounding of gradients, whose addends come in another order")
            .timedOn(taken(4, 4, 512, 2048, 32)),
        scatteredSum(6, rows(1, 1, 1, 1, 6), rows(2, 3, 9, 4, 6)),
        scatteredSum(512, rows(1, 2, 700, 3, 512)).timedOn(rows(4, 4, 512, 32, 512)));
  }

  private static KernelCheck scatteredSum(long tokens, Case... cases) {
    return new KernelCheck(
        "sparse/sum scattered over " + tokens + " tokens",
        in -> new NDList(TokenRows.fast(in.get(0), in.get(1), tokens)),
        in -> new NDList(TokenRows.plain(in.get(0), in.get(1), tokens)),
        List.of(cases),
        2e-5,
        "float32 rounding");
  }

  private static NDList list(PartialAttention partial) {
    return new NDList(partial.output(), partial.logSumExp());
  }

  /** The mask hides key 0 of the first row from everybody, also where it is the only one. */
  private static Case attention(
      long batch, long heads, long queries, long keys, long width, long values) {
    return new Case(
        "batch " + batch + ", " + queries + " queries, " + keys + " keys, width " + width,
        m ->
            new NDList(
                m.randomNormal(new Shape(batch, heads, width, queries)).swapAxes(2, 3),
                m.randomNormal(new Shape(batch, heads, keys, width)),
                m.randomNormal(new Shape(batch, heads, keys, values)),
                m.arange((int) (batch * keys)).neq(0).reshape(batch, 1, 1, keys)));
  }

  private static Case taken(long batch, long heads, long length, long count, long width) {
    return new Case(
        "batch " + batch + ", " + count + " of " + length + " rows, width " + width,
        m ->
            new NDList(
                m.randomNormal(new Shape(batch, heads, length, width)),
                m.randomInteger(0, length, new Shape(batch, heads, count), DataType.INT64)));
  }

  private static Case rows(long batch, long heads, long count, long width, long tokens) {
    return new Case(
        "batch " + batch + ", " + count + " rows, width " + width,
        m -> {
          NDArray rows = m.randomNormal(new Shape(batch, heads, count, width));
          return new NDList(
              rows, m.randomInteger(0, tokens, new Shape(batch, heads, count), DataType.INT64));
        });
  }
}
