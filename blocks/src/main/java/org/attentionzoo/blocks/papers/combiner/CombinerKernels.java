package org.attentionzoo.blocks.papers.combiner;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.List;
import org.attentionzoo.blocks.kernels.KernelCatalog;
import org.attentionzoo.blocks.kernels.KernelCheck;
import org.attentionzoo.blocks.kernels.KernelCheck.Case;

/** The kernel of this package beside its plain version. */
@AutoService(KernelCatalog.class)
public final class CombinerKernels implements KernelCatalog {

  /** {@inheritDoc} */
  @Override
  public List<KernelCheck> kernels() {
    return List.of(
        new KernelCheck(
                "combiner/running greatest",
                in -> new NDList(AxialMixture.fastGreatest(in.head())),
                in -> new NDList(AxialMixture.plainGreatest(in.head())),
                List.of(sized(1, 1, 1, 1, 2), sized(2, 3, 4, 7, 5)),
                1e-6,
                "the same numbers are chosen; the gradients of a number that stays the greatest are"
                    + " added in another order")
            .timedOn(sized(4, 4, 16, 16, 32)));
  }

  private static Case sized(long... shape) {
    return new Case("shape " + new Shape(shape), m -> new NDList(m.randomNormal(new Shape(shape))));
  }
}
