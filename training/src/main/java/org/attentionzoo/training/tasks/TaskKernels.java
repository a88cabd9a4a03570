package org.attentionzoo.training.tasks;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.List;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.kernels.KernelCatalog;
import org.attentionzoo.blocks.kernels.KernelCheck;

/** The kernels of the tasks' objectives. */
@AutoService(KernelCatalog.class)
public final class TaskKernels implements KernelCatalog {

  @Override
  public List<KernelCheck> kernels() {
    return List.of(
        new KernelCheck(
                "language_model/masked_cross_entropy",
                in -> new NDList(LanguageModelObjective.byKernel(in.get(0), in.get(1)).head()),
                in -> new NDList(LanguageModelObjective.byOperations(in.get(0), in.get(1)).head()),
                List.of(
                    inputs("one position", 1, 1, 2, 0),
                    inputs("one token in the vocabulary", 2, 3, 1, 0),
                    inputs("odd sizes, some ignored", 3, 7, 5, 6),
                    inputs("all ignored", 2, 3, 4, 6),
                    inputs("bytes", 2, 33, 256, 1)),
                1e-5,
                "a sum of up to 66 logarithms in float32, in another order")
            .timedOn(
                inputs("8 x 64 tokens of 256", 8, 64, 256, 1),
                inputs("8 x 512 tokens of 256", 8, 512, 256, 1)));
  }

  private static KernelCheck.Case inputs(String label, int b, int l, int v, int ignored) {
    return new KernelCheck.Case(
        label,
        manager ->
            new NDList(
                manager.randomNormal(0, 3, new Shape(b, l, v), DataType.FLOAT32),
                Arithmetic.atMost(Arithmetic.atLeast(manager.arange(b * l).sub(ignored), -1), v - 1)
                    .toType(DataType.INT64, false)
                    .reshape(b, l)));
  }
}
