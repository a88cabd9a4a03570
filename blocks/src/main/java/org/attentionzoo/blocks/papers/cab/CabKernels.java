package org.attentionzoo.blocks.papers.cab;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.List;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.kernels.KernelCatalog;
import org.attentionzoo.blocks.kernels.KernelCheck;
import org.attentionzoo.blocks.kernels.KernelCheck.Case;

/** The kernel of this package beside its plain version. */
@AutoService(KernelCatalog.class)
public final class CabKernels implements KernelCatalog {

  /** {@inheritDoc} */
  @Override
  public List<KernelCheck> kernels() {
    return List.of(
        new KernelCheck(
                "cab/log of sums so far",
                in -> new NDList(BoundedMemory.fastPrefixLogSums(in.head())),
                in -> new NDList(BoundedMemory.plainPrefixLogSums(in.head())),
                List.of(sized(1, 1, 1, 2), sized(2, 3, 17, 5), loudAtTheEnd()),
                1e-5,
                "a running sum adds the same terms in another order")
            .timedOn(sized(2, 2, 512, 16)));
  }

  private static Case sized(long... shape) {
    return new Case("shape " + new Shape(shape), m -> new NDList(m.randomNormal(new Shape(shape))));
  }

  private static Case loudAtTheEnd() {
    return new Case(
        "a loud last place",
        m -> {
          NDArray last = m.arange(17).eq(16).toType(DataType.FLOAT32, false).reshape(17, 1);
          return new NDList(
              m.randomNormal(new Shape(2, 3, 17, 5)).add(Arithmetic.times(last, 200)));
        });
  }
}
