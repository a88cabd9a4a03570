package org.attentionzoo.blocks.positions;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.kernels.KernelCatalog;
import org.attentionzoo.blocks.kernels.KernelCheck;
import org.attentionzoo.blocks.kernels.KernelCheck.Case;

/** The kernels of this package beside their plain versions. */
@AutoService(KernelCatalog.class)
public final class PositionKernels implements KernelCatalog {

  /** {@inheritDoc} */
  @Override
  public List<KernelCheck> kernels() {
    List<KernelCheck> checks = new ArrayList<>();
    for (Rotary.Layout layout : Rotary.Layout.values()) {
      checks.add(check("positions/rotary " + layout, new Rotary(layout, 10000)));
      checks.add(
          check(
              "positions/rotary " + layout + ", scaled",
              new Rotary(layout, 10000, new Rotary.Scaling(8, 1, 4, 16))));
    }
    return checks;
  }

  private static KernelCheck check(String name, Rotary rotary) {
    return new KernelCheck(
            name,
            in -> new NDList(rotary.fast(in.get(0), in.get(1))),
            in -> new NDList(rotary.plain(in.get(0), in.get(1))),
            List.of(shared(1, 1, 1, 2), shared(2, 3, 7, 6), shared(1, 2, 33, 16), own(3, 2, 5, 8)),
            2e-5,
            "float32 rounding of angles")
        .timedOn(shared(8, 4, 64, 32), shared(8, 8, 512, 64), own(8, 8, 512, 64));
  }

  private static Case shared(long batch, long heads, long length, long width) {
    return new Case(
        "length " + length + ", shared positions",
        m ->
            new NDList(
                m.randomNormal(new Shape(batch, heads, length, width)),
                m.arange((float) length).toType(DataType.INT64, false)));
  }

  private static Case own(long batch, long heads, long length, long width) {
    return new Case(
        "length " + length + ", own positions",
        m ->
            new NDList(
                m.randomNormal(new Shape(batch, heads, length, width)),
                m.randomInteger(0, 90, new Shape(batch, length), DataType.INT64)));
  }
}
