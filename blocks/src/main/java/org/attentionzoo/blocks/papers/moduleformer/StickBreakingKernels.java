package org.attentionzoo.blocks.papers.moduleformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.List;
import org.attentionzoo.blocks.kernels.KernelCatalog;
import org.attentionzoo.blocks.kernels.KernelCheck;
import org.attentionzoo.blocks.kernels.KernelCheck.Case;

/** The kernel of this package beside its plain version. */
@AutoService(KernelCatalog.class)
public final class StickBreakingKernels implements KernelCatalog {

  private static final double SCALE = 0.5;

  /** {@inheritDoc} */
  @Override
  public List<KernelCheck> kernels() {
    return List.of(
        new KernelCheck(
                "moduleformer/stick_breaking",
                in -> list(StickBreaking.fast(in.get(0), in.get(1), in.get(2), bias(in), SCALE)),
                in -> list(StickBreaking.plain(in.get(0), in.get(1), in.get(2), bias(in), SCALE)),
                List.of(
                    attention(1, 1, 1, 1, 3),
                    attention(2, 2, 7, 7, 4),
                    attention(2, 1, 1, 9, 3),
                    attention(1, 3, 5, 33, 2)),
                2e-5,
                "float32 rounding")
            .timedOn(attention(4, 2, 512, 512, 32)));
  }

  private static NDList list(StickBreaking.Attended attended) {
    return new NDList(attended.output(), attended.weights());
  }

  private static NDArray bias(NDList inputs) {
    return inputs.size() > 3 ? inputs.get(3) : null;
  }

  private static Case attention(int batch, int choices, int queries, int keys, int width) {
    return new Case(
        "batch " + batch + ", " + queries + " queries, " + keys + " keys",
        m ->
            new NDList(
                m.randomNormal(new Shape(batch, choices, 2, queries, width)),
                m.randomNormal(new Shape(batch, 2, keys, width)),
                m.randomNormal(new Shape(batch, 2, keys, width + 1)),
                m.randomNormal(new Shape(batch, 1, 1, 1, keys))));
  }
}
