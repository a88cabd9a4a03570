package org.attentionzoo.blocks.papers.landmarkattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.List;
import org.attentionzoo.blocks.kernels.KernelCatalog;
import org.attentionzoo.blocks.kernels.KernelCheck;
import org.attentionzoo.blocks.kernels.KernelCheck.Case;

/** The kernel of the grouped softmax beside its plain version. */
@AutoService(KernelCatalog.class)
public final class LandmarkKernels implements KernelCatalog {

  private static final int GROUPS = 12;

  /** {@inheritDoc} */
  @Override
  public List<KernelCheck> kernels() {
    return List.of(
        new KernelCheck(
                "landmark-attention/grouped softmax",
                in -> weights(in, true),
                in -> weights(in, false),
                List.of(rows(1, 1, 1, 2), rows(2, 3, 7, 3), rows(1, 2, 33, 5), rows(1, 1, 6, 9)),
                2e-5,
                "float32 rounding")
            .timedOn(rows(4, 4, 128, 16)));
  }

  private static NDList weights(NDList in, boolean fast) {
    NDArray logits = in.get(0);
    NDArray landmarks = in.get(1);
    NDArray allowed = in.get(2);
    return new NDList(
        fast
            ? LandmarkSoftmax.fast(logits, landmarks, allowed, GROUPS, 0)
            : LandmarkSoftmax.plain(logits, landmarks, allowed, GROUPS, 0));
  }

  /** Causal rows whose landmarks stand at other places in each sequence. */
  private static Case rows(long batch, long heads, int length, int every) {
    return new Case(
        "batch " + batch + ", " + length + " keys, a landmark every " + every,
        m -> {
          NDArray place = m.arange(0, length, 1, DataType.INT64);
          NDArray shift = m.arange(0, (int) batch, 1, DataType.INT64).reshape(batch, 1);
          return new NDList(
              m.randomNormal(new Shape(batch, heads, length, length)),
              place.add(shift).mod(every).eq(every - 1),
              place.lte(place.reshape(length, 1)).reshape(1, 1, length, length));
        });
  }
}
