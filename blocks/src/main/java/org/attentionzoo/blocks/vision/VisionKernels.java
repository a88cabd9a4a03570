package org.attentionzoo.blocks.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.List;
import java.util.function.UnaryOperator;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.kernels.KernelCatalog;
import org.attentionzoo.blocks.kernels.KernelCheck;
import org.attentionzoo.blocks.kernels.KernelCheck.Case;

/** The kernels of this package beside their plain versions. */
@AutoService(KernelCatalog.class)
public final class VisionKernels implements KernelCatalog {

  /** {@inheritDoc} */
  @Override
  public List<KernelCheck> kernels() {
    return List.of(
        arrangement("channels_last", ChannelsLast::channelsLast),
        arrangement("pixels_last", x -> ChannelsLast.pixelsLast(ChannelsLast.channelsLast(x))),
        new KernelCheck(
                "vision/relu6",
                in -> new NDList(Relu6.fast(in.head())),
                in -> new NDList(Relu6.plain(in.head())),
                List.of(
                    new Case(
                        "beyond both bounds",
                        m ->
                            new NDList(Arithmetic.times(m.randomNormal(new Shape(2, 3, 5, 7)), 6))),
                    new Case(
                        "on the bounds", m -> new NDList(m.arange(-6f, 13f, 6f).reshape(1, 4)))),
                0,
                "the same comparisons")
            .timedOn(
                new Case(
                    "batch 8, 32 channels, 32 x 32",
                    m -> new NDList(m.randomNormal(new Shape(8, 32, 32, 32)))),
                new Case(
                    "batch 8, 96 channels, 56 x 56",
                    m -> new NDList(m.randomNormal(new Shape(8, 96, 56, 56))))));
  }

  private static KernelCheck arrangement(String name, UnaryOperator<NDArray> fast) {
    return new KernelCheck(
        "vision/" + name,
        in -> new NDList(fast.apply(in.head())),
        in -> new NDList(in.head().reshape(in.head().getShape())),
        List.of(
            new Case("images", m -> new NDList(m.randomNormal(new Shape(2, 3, 5, 7)))),
            new Case("one channel", m -> new NDList(m.randomNormal(new Shape(2, 1, 4, 4)))),
            new Case("one pixel", m -> new NDList(m.randomNormal(new Shape(1, 6, 1, 1))))),
        0,
        "the same values in another order");
  }
}
