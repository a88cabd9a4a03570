package org.attentionzoo.blocks.papers.titans;

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

/** The kernel of the neural memory beside its plain version, which goes token by token. */
@AutoService(KernelCatalog.class)
public final class TitansKernels implements KernelCatalog {

  private static final String REASON =
      "float32 rounding in up to 33 chained updates, summed in another order";

  /** Small, so that short inputs have several; models take {@link #USUAL}. */
  private static final int CHUNK = 4;

  private static final int USUAL = 16;

  /** Which gates act. */
  private enum Gates {
    BOTH,
    MOMENTUM,
    FORGETTING,
    NEITHER
  }

  /** {@inheritDoc} */
  @Override
  public List<KernelCheck> kernels() {
    List<KernelCheck> checks = new ArrayList<>();
    for (Gates gates : Gates.values()) {
      for (boolean padded : new boolean[] {false, true}) {
        String limited = gates == Gates.FORGETTING ? ", limited" : "";
        String name = "titans/advance, gates " + gates + limited + (padded ? ", padded" : "");
        checks.add(
            check(
                name,
                gates,
                padded,
                CHUNK,
                inputs(1, 1, 1, 4, 1, 1),
                inputs(2, 2, 7, 3, 2, 2),
                inputs(1, 2, 33, 4, 3, 2),
                inputs(3, 1, 9, 5, 1, 1)));
        checks.add(
            check(
                    name + ", " + USUAL + " tokens each",
                    gates,
                    padded,
                    USUAL,
                    inputs(2, 1, 40, 3, 2, 2))
                .timedOn(inputs(2, 4, 64, 32, 1, 1), inputs(2, 4, 512, 32, 1, 1)));
      }
    }
    for (boolean normalised : new boolean[] {false, true}) {
      checks.add(
          new KernelCheck(
                  "titans/activate" + (normalised ? ", normalised" : ""),
                  in -> new NDList(Memorizing.fastActivate(in.head(), 2, normalised)),
                  in -> new NDList(Memorizing.plainActivate(in.head(), 2, normalised)),
                  List.of(tokens(1, 1, 4), tokens(2, 7, 6), tokens(1, 33, 8)),
                  2e-5,
                  "float32 rounding")
              .timedOn(tokens(8, 64, 128), tokens(8, 512, 256)));
    }
    checks.add(
        new KernelCheck(
                "titans/project",
                in -> Memorizing.project(in.get(0), part(in, 1, 3), part(in, 4, 2)),
                in -> {
                  NDList out = new NDList();
                  for (int i = 1; i < 4; i++) {
                    NDArray product = in.get(0).matMul(in.get(i).transpose());
                    out.add(i == 1 ? product : product.add(in.get(i + 2)));
                  }
                  return out;
                },
                List.of(projection(1, 1, 3), projection(2, 7, 5)),
                2e-5,
                "float32 rounding")
            .timedOn(projection(8, 64, 128), projection(8, 512, 256)));
    return checks;
  }

  private static KernelCheck.Case tokens(long batch, long length, long width) {
    return new KernelCheck.Case(
        "batch " + batch + ", length " + length + ", width " + width,
        m -> new NDList(m.randomNormal(new Shape(batch, length, width))));
  }

  private static KernelCheck.Case projection(long batch, long length, long width) {
    return new KernelCheck.Case(
        "batch " + batch + ", length " + length + ", width " + width,
        m ->
            new NDList(
                m.randomNormal(new Shape(batch, length, width)),
                m.randomNormal(new Shape(4, width)),
                m.randomNormal(new Shape(3, width)),
                m.randomNormal(new Shape(1, width)),
                m.randomNormal(new Shape(3)),
                m.randomNormal(new Shape(1))));
  }

  private static KernelCheck check(
      String name, Gates gates, boolean padded, int chunk, KernelCheck.Case... inputs) {
    return new KernelCheck(
        name,
        run(gates, padded, chunk, true),
        run(gates, padded, chunk, false),
        List.of(inputs),
        1e-4,
        REASON);
  }

  /** The first of the small chunks is one token old unless rows are padded. */
  private static UnaryOperator<NDList> run(Gates gates, boolean padded, int chunk, boolean fast) {
    return in -> {
      double limit = gates == Gates.FORGETTING ? 0.5 : 0;
      boolean momentum = gates == Gates.BOTH || gates == Gates.MOMENTUM;
      boolean forgetting = gates == Gates.BOTH || gates == Gates.FORGETTING;
      NDArray live = null;
      NDArray counts = null;
      long seen = chunk == CHUNK ? 1 : 0;
      if (padded) {
        live = valid(in.get(0)).toType(in.get(0).getDataType(), false);
        counts =
            in.head().getManager().zeros(new Shape(in.get(0).getShape().get(0)), DataType.INT64);
        seen = 0;
      }
      Memorizing.Tokens tokens =
          new Memorizing.Tokens(
              in.get(0),
              in.get(1),
              in.get(2),
              in.get(3),
              forgetting ? in.get(4).abs().neg() : null,
              momentum ? in.get(5).abs().neg() : null,
              live);
      int depth = (in.size() - 6) / 3;
      MemoryState state =
          new MemoryState(
              part(in, 6, depth),
              part(in, 6 + depth, depth),
              part(in, 6 + 2 * depth, depth),
              new NDList(),
              seen,
              counts);
      Memorizing.Step step =
          fast
              ? Memorizing.fast(tokens, state, chunk, limit)
              : Memorizing.plain(tokens, state, chunk, limit);
      NDList all = new NDList(step.output());
      all.addAll(step.memory());
      if (momentum) {
        all.addAll(step.momentum());
      }
      all.addAll(step.anchor());
      return all;
    };
  }

  /** (B, 1, L): row b has its last b tokens padded. */
  private static NDArray valid(NDArray q) {
    Shape shape = q.getShape();
    NDManager manager = q.getManager();
    NDArray token = manager.arange((float) shape.get(2)).reshape(1, 1, shape.get(2));
    NDArray row = manager.arange((float) shape.get(0)).reshape(shape.get(0), 1, 1);
    return token.add(row).lt(shape.get(2));
  }

  private static NDList part(NDList all, int from, int count) {
    NDList part = new NDList();
    part.addAll(all.subList(from, from + count));
    return part;
  }

  private static KernelCheck.Case inputs(
      long batch, long heads, long length, long width, int depth, int expansion) {
    return new KernelCheck.Case(
        "batch " + batch + ", heads " + heads + ", length " + length + ", depth " + depth,
        m -> {
          NDList in = new NDList();
          Shape tokens = new Shape(batch, heads, length, width);
          for (int i = 0; i < 3; i++) {
            in.add(m.randomNormal(0f, 0.5f, tokens, DataType.FLOAT32));
          }
          Shape gates = new Shape(batch, heads, length);
          in.add(m.randomUniform(0f, 0.1f, gates));
          in.add(m.randomUniform(0.05f, 0.8f, gates));
          in.add(m.randomUniform(0.05f, 0.8f, gates));
          for (int copy = 0; copy < 3; copy++) {
            for (int i = 0; i < depth; i++) {
              long rows = i == 0 ? width : width * expansion;
              long columns = i == depth - 1 ? width : width * expansion;
              Shape shape = new Shape(batch, heads, rows, columns);
              in.add(m.randomNormal(0f, copy == 1 ? 0.01f : 0.4f, shape, DataType.FLOAT32));
            }
          }
          return in;
        });
  }
}
