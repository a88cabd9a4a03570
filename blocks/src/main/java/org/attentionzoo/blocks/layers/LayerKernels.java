package org.attentionzoo.blocks.layers;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import com.google.auto.service.AutoService;
import java.util.List;
import org.attentionzoo.blocks.kernels.KernelCatalog;
import org.attentionzoo.blocks.kernels.KernelCheck;
import org.attentionzoo.blocks.kernels.KernelCheck.Case;

/** The kernels of this package beside their plain versions. */
@AutoService(KernelCatalog.class)
public final class LayerKernels implements KernelCatalog {

  private static final double EPSILON = 1e-6;
  private static final double RATE = 0.2;
  private static final int DRAWS = 3;

  /** {@inheritDoc} */
  @Override
  public List<KernelCheck> kernels() {
    return List.of(
        new KernelCheck(
                "layers/linear by oneDNN",
                in -> new NDList(Linear.convolution(in.get(0), in.get(1), in.get(2))),
                in -> new NDList(Linear.plain(in.get(0), in.get(1), in.get(2))),
                List.of(linear(1, 1, 1, 1), linear(2, 7, 5, 3), linear(3, 33, 64, 65)),
                2e-5,
                "float32 rounding")
            .timedOn(linear(16, 64, 128, 128), linear(8, 512, 512, 512), linear(8, 512, 512, 2048)),
        new KernelCheck(
                "layers/linear by oneDNN, without bias, of every other row",
                in -> new NDList(Linear.convolution(everyOther(in), in.get(1), null)),
                in -> new NDList(Linear.plain(everyOther(in), in.get(1), null)),
                List.of(linear(2, 7, 5, 3), linear(3, 33, 64, 65)),
                2e-5,
                "float32 rounding")
            .timedOn(linear(16, 1024, 128, 128)),
        new KernelCheck(
                "layers/rms_norm",
                in -> new NDList(RmsNorm.fast(in.get(0), in.get(1), EPSILON)),
                in -> new NDList(RmsNorm.plain(in.get(0), in.get(1), EPSILON)),
                List.of(norm(1, 1, 8), norm(3, 7, 5), norm(2, 33, 64)),
                2e-5,
                "float32 rounding")
            .timedOn(norm(8, 64, 128), norm(8, 512, 512)),
        new KernelCheck(
                "layers/simple_rms_norm",
                in -> new NDList(SimpleRmsNorm.fast(in.get(0), EPSILON)),
                in -> new NDList(SimpleRmsNorm.plain(in.get(0), EPSILON)),
                List.of(simple(1, 1, 8), simple(3, 7, 5), simple(2, 33, 64)),
                2e-5,
                "float32 rounding")
            .timedOn(simple(8, 64, 128), simple(8, 512, 512)),
        new KernelCheck(
                "layers/dropout",
                LayerKernels::dropped,
                in -> new NDList(in.get(0).mul(dropped(new NDList(in.get(0).onesLike())).head())),
                List.of(simple(1, 1, 8), simple(3, 7, 5), simple(8, 64, 128)),
                2e-6,
                "both drop the same")
            .timedAgainst(in -> new NDList(Dropout.own(in.get(0), RATE)))
            .timedOn(simple(8, 64, 128), simple(8, 512, 512)),
        new KernelCheck(
                "layers/causal_convolution",
                in -> new NDList(ShortConvolution.fast(in.get(0), in.get(1), null)),
                in -> new NDList(ShortConvolution.plain(in.get(0), in.get(1), null)),
                List.of(convolution(1, 1, 3, 4), convolution(2, 7, 5, 3), convolution(3, 33, 8, 1)),
                2e-5,
                "float32 rounding")
            .timedOn(convolution(8, 64, 128, 4), convolution(8, 512, 256, 4)),
        new KernelCheck(
                "layers/causal_convolution after a past",
                in -> new NDList(ShortConvolution.fast(in.get(0), in.get(1), in.get(2))),
                in -> new NDList(ShortConvolution.plain(in.get(0), in.get(1), in.get(2))),
                List.of(continued(1, 1, 3, 4), continued(2, 7, 5, 3)),
                2e-5,
                "float32 rounding")
            .timedOn(continued(8, 1, 256, 4), continued(8, 512, 256, 4)),
        new KernelCheck(
                "layers/padded_embedding",
                in -> new NDList(PaddedEmbedding.fast(in.get(0), in.get(1))),
                in -> new NDList(PaddedEmbedding.plain(in.get(0), in.get(1))),
                List.of(lookup(1, 1, 2), lookup(2, 7, 5), lookup(3, 33, 4)),
                2e-5,
                "float32 rounding")
            .timedOn(lookup(8, 512, 256), lookup(128, 50, 23716)),
        new KernelCheck(
                "layers/padded_embeddings",
                in -> PaddedEmbedding.fastAll(ids(in), in.get(2)),
                in ->
                    new NDList(
                        PaddedEmbedding.plain(in.get(0), in.get(2)),
                        PaddedEmbedding.plain(in.get(1), in.get(2))),
                List.of(lookups(1, 1, 2), lookups(2, 7, 5), lookups(3, 33, 4)),
                2e-5,
                "float32 rounding")
            .timedOn(lookups(8, 512, 256), lookups(128, 50, 23716)));
  }

  private static NDArray everyOther(NDList in) {
    return in.get(0).get(":, ::2");
  }

  private static NDList dropped(NDList in) {
    JniUtils.setSeed(DRAWS);
    return new NDList(Dropout.uniform(in.get(0), RATE));
  }

  private static Case linear(long batch, long length, long inner, long outer) {
    return new Case(
        "batch " + batch + ", length " + length + ", width " + inner + " to " + outer,
        m ->
            new NDList(
                m.randomNormal(new Shape(batch, length, inner)),
                m.randomNormal(new Shape(outer, inner)),
                m.randomNormal(new Shape(outer))));
  }

  private static NDList ids(NDList in) {
    return new NDList(in.get(0), in.get(1));
  }

  private static Case lookups(long batch, long length, long size) {
    return new Case(
        "batch " + batch + ", length " + length + " and pairs, " + size + " rows",
        m ->
            new NDList(
                m.randomInteger(0, size, new Shape(batch, length), DataType.INT64),
                m.randomInteger(0, size, new Shape(batch, length, 2), DataType.INT64),
                m.randomNormal(new Shape(size, 6))));
  }

  private static Case lookup(long batch, long length, long size) {
    return new Case(
        "batch " + batch + ", length " + length + ", " + size + " rows",
        m ->
            new NDList(
                m.randomInteger(0, size, new Shape(batch, length), DataType.INT64),
                m.randomNormal(new Shape(size, 6))));
  }

  private static Case norm(long batch, long length, long width) {
    return new Case(
        "batch " + batch + ", length " + length + ", width " + width,
        m ->
            new NDList(
                m.randomNormal(new Shape(batch, length, width)), m.randomNormal(new Shape(width))));
  }

  private static Case simple(long batch, long length, long width) {
    return new Case(
        "batch " + batch + ", length " + length + ", width " + width,
        m -> new NDList(m.randomNormal(new Shape(batch, length, width))));
  }

  private static Case convolution(long batch, long length, long width, long kernel) {
    return new Case(
        "batch " + batch + ", length " + length + ", kernel " + kernel,
        m ->
            new NDList(
                m.randomNormal(new Shape(batch, length, width)),
                m.randomNormal(new Shape(width, 1, kernel))));
  }

  private static Case continued(long batch, long length, long width, long kernel) {
    return new Case(
        "batch " + batch + ", length " + length + ", kernel " + kernel,
        m ->
            new NDList(
                m.randomNormal(new Shape(batch, length, width)),
                m.randomNormal(new Shape(width, 1, kernel)),
                m.randomNormal(new Shape(batch, kernel - 1, width))));
  }
}
