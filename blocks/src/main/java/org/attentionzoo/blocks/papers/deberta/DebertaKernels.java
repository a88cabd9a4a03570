package org.attentionzoo.blocks.papers.deberta;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.attentionzoo.blocks.kernels.KernelCatalog;
import org.attentionzoo.blocks.kernels.KernelCheck;
import org.attentionzoo.blocks.kernels.KernelCheck.Case;

/** The kernels of disentangled attention beside their plain versions. */
@AutoService(KernelCatalog.class)
public final class DebertaKernels implements KernelCatalog {

  private static final LogBucketRelativePosition BUCKETS = new LogBucketRelativePosition(4, 16);
  private static final double SCALE = 0.4;
  private static final int PADDING = 2;

  /** {@inheritDoc} */
  @Override
  public List<KernelCheck> kernels() {
    List<KernelCheck> checks = new ArrayList<>();
    for (boolean padded : new boolean[] {false, true}) {
      for (String terms : List.of("none", "c2p", "p2c", "c2p and p2c")) {
        checks.add(
            new KernelCheck(
                    "deberta/attention, " + terms + (padded ? ", padded" : ""),
                    attend(terms, padded, true),
                    attend(terms, padded, false),
                    List.of(inputs(1, 1, 1, 4), inputs(2, 3, 7, 5), inputs(3, 2, 33, 4)),
                    2e-5,
                    "float32 rounding")
                .timedOn(inputs(4, 6, 128, 64), inputs(2, 6, 512, 64)));
      }
    }
    checks.add(
        new KernelCheck(
                "deberta/embedding",
                in -> new NDList(DebertaEmbeddings.fast(ids(in.head()), in.head(), PADDING)),
                in -> new NDList(DebertaEmbeddings.plain(ids(in.head()), in.head(), PADDING)),
                List.of(new Case("5 rows", m -> new NDList(m.randomNormal(new Shape(5, 3))))),
                1e-6,
                "the same rows")
            .timedOn(new Case("1000 rows", m -> new NDList(m.randomNormal(new Shape(1000, 256))))));
    return checks;
  }

  /** Inputs q, k, v, position keys, position queries. */
  private static UnaryOperator<NDList> attend(String terms, boolean padded, boolean fast) {
    return in -> {
      NDArray q = in.get(0);
      NDArray keys = terms.contains("c2p") ? in.get(3) : null;
      NDArray queries = terms.contains("p2c") ? in.get(4) : null;
      NDArray index =
          terms.equals("none") ? null : BUCKETS.index(q, q.getShape().get(2), BUCKETS.span());
      NDArray visible = padded ? DisentangledSelfAttention.visible(valid(q)) : null;
      NDArray context =
          fast
              ? DisentangledSelfAttention.KERNELS.call(
                  "attention", q, in.get(1), in.get(2), keys, queries, index, visible, SCALE)
              : DisentangledSelfAttention.plain(q, in.get(1), keys, queries, index, visible, SCALE)
                  .matMul(in.get(2));
      NDArray pattern =
          fast
              ? DisentangledSelfAttention.fast(q, in.get(1), keys, queries, index, visible, SCALE)
              : DisentangledSelfAttention.plain(q, in.get(1), keys, queries, index, visible, SCALE);
      return new NDList(context, pattern);
    };
  }

  /** (B, L): row b has b tokens padded on the left; the last row is padding only if B is 3. */
  private static NDArray valid(NDArray q) {
    Shape shape = q.getShape();
    NDManager manager = q.getManager();
    int batch = (int) shape.get(0);
    int length = (int) shape.get(2);
    NDArray token = manager.arange(0, length, 1, DataType.INT64).reshape(1, length);
    NDArray row = manager.arange(0, batch, 1, DataType.INT64).reshape(batch, 1);
    return token.gte(row).logicalAnd(row.neq(2));
  }

  /** Tokens with padding among them. */
  private static NDArray ids(NDArray table) {
    return table.getManager().create(new long[] {0, 2, 2, 1, 4, 0}, new Shape(2, 3));
  }

  private static Case inputs(long batch, long heads, long length, long width) {
    return new Case(
        "batch " + batch + ", heads " + heads + ", length " + length,
        m -> {
          Shape tokens = new Shape(batch, heads, length, width);
          Shape rows = new Shape(heads, 2L * BUCKETS.span(), width);
          return new NDList(
              m.randomNormal(tokens),
              m.randomNormal(tokens),
              m.randomNormal(tokens),
              m.randomNormal(rows),
              m.randomNormal(rows));
        });
  }
}
