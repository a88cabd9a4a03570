package org.attentionzoo.blocks.papers.seqboat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;
import java.util.function.UnaryOperator;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.kernels.KernelCatalog;
import org.attentionzoo.blocks.kernels.KernelCheck;
import org.attentionzoo.blocks.kernels.KernelCheck.Case;
import org.attentionzoo.blocks.papers.seqboat.LocalWindowAttention.Tokens;
import org.attentionzoo.blocks.papers.seqboat.MultiHeadEma.Coefficients;

/** The kernels of SeqBoat beside their plain versions. */
@AutoService(KernelCatalog.class)
public final class SeqBoatKernels implements KernelCatalog {

  private static final String REASON = "float32 rounding";
  private static final int WINDOW = 3;

  /** {@inheritDoc} */
  @Override
  public List<KernelCheck> kernels() {
    List<KernelCheck> checks = new ArrayList<>();
    for (boolean bidirectional : new boolean[] {false, true}) {
      checks.add(
          ema(
                  bidirectional,
                  false,
                  averages(1, 1, 2, 1, bidirectional),
                  averages(2, 7, 3, 2, bidirectional),
                  averages(1, 33, 1, 2, bidirectional),
                  averages(2, 64, 3, 1, bidirectional),
                  averages(3, 131, 5, 4, bidirectional))
              .timedOn(
                  averages(2, 512, 128, 16, bidirectional),
                  averages(2, 2048, 128, 16, bidirectional)));
      checks.add(
          ema(
              bidirectional,
              true,
              averages(2, 7, 3, 2, bidirectional),
              averages(3, 33, 5, 4, bidirectional)));
    }
    checks.add(
        new KernelCheck(
                "seqboat/ema step",
                in -> MultiHeadEma.fastStep(in.get(0), in.get(5), of(in, 1)),
                in -> MultiHeadEma.plainStep(in.get(0), in.get(5), of(in, 1)),
                List.of(
                    averages(1, 1, 2, 1, false),
                    averages(2, 7, 3, 2, false),
                    averages(2, 128, 3, 2, false),
                    averages(3, 131, 5, 4, false)),
                2e-5,
                REASON)
            .timedOn(averages(8, 1, 256, 16, false)));
    for (boolean softmax : new boolean[] {false, true}) {
      for (boolean causal : new boolean[] {false, true}) {
        for (int mode = 0; mode < 4; mode++) {
          LocalWindowAttention attention =
              new LocalWindowAttention(WINDOW, causal, softmax, (mode & 1) == 0, 6, 0);
          boolean past = causal && mode >= 2;
          boolean biased = mode < 3;
          if (!causal && mode == 2) {
            continue;
          }
          checks.add(
              new KernelCheck(
                      "seqboat/local attention, "
                          + (softmax ? "softmax" : "relu2")
                          + (causal ? ", causal" : "")
                          + (past ? ", continued" : "")
                          + (biased ? (mode & 1) == 0 ? ", positions" : ", slots" : ""),
                      attend(attention, past, biased, true),
                      attend(attention, past, biased, false),
                      List.of(tokens(1, 1, 2, 1), tokens(2, 5, 4, 3), tokens(3, 17, 4, 5)),
                      2e-5,
                      REASON)
                  .timedOn(tokens(4, 64, 32, 64), tokens(4, 512, 64, 128)));
        }
      }
    }
    return checks;
  }

  private static KernelCheck ema(boolean bidirectional, boolean truncated, Case... cases) {
    ToLongFunction<NDList> lags = in -> in.head().getShape().get(1) - (truncated ? 2 : 0);
    return new KernelCheck(
        "seqboat/ema" + (bidirectional ? ", bidirectional" : "") + (truncated ? ", truncated" : ""),
        in ->
            new NDList(
                MultiHeadEma.fast(in.head(), of(in, 1), lags.applyAsLong(in), bidirectional)),
        in ->
            new NDList(
                MultiHeadEma.plain(in.head(), of(in, 1), lags.applyAsLong(in), bidirectional)),
        List.of(cases),
        2e-5,
        REASON);
  }

  private static Coefficients of(NDList in, int from) {
    return new Coefficients(in.get(from), in.get(from + 1), in.get(from + 2), in.get(from + 3));
  }

  private static Case averages(
      long batch, long length, long width, long averages, boolean bidirectional) {
    long channels = bidirectional ? 2 * width : width;
    return new Case(
        "batch " + batch + ", length " + length,
        m ->
            new NDList(
                m.randomNormal(new Shape(batch, length, width)),
                m.randomNormal(new Shape(channels, averages, 1)),
                m.randomNormal(new Shape(channels, averages, 1)),
                m.randomNormal(new Shape(channels, averages, 1)),
                m.randomNormal(new Shape(channels, averages)),
                m.randomNormal(new Shape(batch, width, averages))));
  }

  private static Case tokens(long batch, long slots, long z, long h) {
    return new Case(
        "batch " + batch + ", slots " + slots,
        m ->
            new NDList(
                m.randomNormal(new Shape(batch, slots, z)),
                m.randomNormal(new Shape(batch, slots, z)),
                m.randomNormal(new Shape(batch, slots, h)),
                m.randomNormal(new Shape(batch, WINDOW, z)),
                m.randomNormal(new Shape(batch, WINDOW, h)),
                m.randomNormal(new Shape(13))));
  }

  /** Row b has its last b slots empty. */
  private static UnaryOperator<NDList> attend(
      LocalWindowAttention attention, boolean past, boolean biased, boolean fast) {
    return in -> {
      NDManager manager = in.head().getManager();
      long batch = in.head().getShape().get(0);
      int slots = (int) in.head().getShape().get(1);
      NDArray row = manager.arange(0, (int) batch, 1, DataType.INT64).reshape(batch, 1);
      Tokens fresh =
          new Tokens(
              in.get(1),
              in.get(2),
              places(manager, 0, slots).add(row).lt(slots),
              places(manager, 0, slots).add(places(manager, 0, slots)).add(row));
      Tokens before =
          past
              ? new Tokens(
                  in.get(3),
                  in.get(4),
                  places(manager, 0, WINDOW).sub(row).gte(0),
                  places(manager, -WINDOW, 0).add(row))
              : null;
      NDArray table = biased ? in.get(5) : null;
      Pass pass = Pass.inference(new ParameterStore(manager, false));
      return new NDList(
          attention.attend(fast ? pass : pass.onPlainPath(), in.head(), fresh, before, table));
    };
  }

  private static NDArray places(NDManager manager, int from, int to) {
    return manager.arange(from, to, 1, DataType.INT64).reshape(1, to - from);
  }
}
