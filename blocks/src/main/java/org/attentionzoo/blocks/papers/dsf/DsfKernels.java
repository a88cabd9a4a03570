package org.attentionzoo.blocks.papers.dsf;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import com.google.auto.service.AutoService;
import java.util.List;
import org.attentionzoo.blocks.kernels.KernelCatalog;
import org.attentionzoo.blocks.kernels.KernelCheck;

/** The recurrence of state-space models and gated networks beside its plain version. */
@AutoService(KernelCatalog.class)
public final class DsfKernels implements KernelCatalog {

  /** {@inheritDoc} */
  @Override
  public List<KernelCheck> kernels() {
    return List.of(check(false), check(true));
  }

  private static KernelCheck check(boolean continued) {
    return new KernelCheck(
            "dsf/diagonal recurrence" + (continued ? ", continued" : ""),
            in -> new NDList(DiagonalRecurrence.fast(in.head(), decay(in), before(in, continued))),
            in -> new NDList(DiagonalRecurrence.plain(in.head(), decay(in), before(in, continued))),
            List.of(inputs(1, 1, 1, 2), inputs(2, 7, 3, 4), inputs(3, 33, 2, 5)),
            2e-5,
            "float32 rounding")
        .timedOn(inputs(8, 512, 1, 256), inputs(8, 128, 16, 128));
  }

  private static NDArray decay(NDList in) {
    return Activation.sigmoid(in.get(1));
  }

  private static NDArray before(NDList in, boolean continued) {
    return continued ? in.get(2) : null;
  }

  private static KernelCheck.Case inputs(long batch, long length, long n, long width) {
    return new KernelCheck.Case(
        "batch " + batch + ", length " + length + ", state " + n + " x " + width,
        m ->
            new NDList(
                m.randomNormal(new Shape(batch, length, n, width)),
                m.randomNormal(new Shape(batch, length, n, width)),
                m.randomNormal(new Shape(batch, n, width))));
  }
}
