package org.attentionzoo.blocks.experts;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
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
public final class ExpertKernels implements KernelCatalog {

  /** {@inheritDoc} */
  @Override
  public List<KernelCheck> kernels() {
    List<KernelCheck> checks = new ArrayList<>();
    for (boolean biased : new boolean[] {false, true}) {
      String label = biased ? " with biases" : "";
      checks.add(
          new KernelCheck(
                  "experts/map" + label,
                  in ->
                      new NDList(
                          ParallelExperts.fastMap(in.get(0), in.get(1), in.get(2), bias(in, 3))),
                  in ->
                      new NDList(
                          ParallelExperts.plainMap(in.get(0), in.get(1), in.get(2), bias(in, 3))),
                  List.of(
                      mapped(1, 1, 1, 3, biased),
                      mapped(7, 5, 2, 4, biased),
                      mapped(33, 8, 3, 6, biased)),
                  2e-5,
                  "float32 rounding")
              .timedOn(mapped(4096, 8, 2, 128, biased)));
      checks.add(
          new KernelCheck(
                  "experts/reduce" + label,
                  in ->
                      new NDList(
                          ParallelExperts.fastReduce(
                              in.get(0), in.get(1), in.get(2), in.get(3), bias(in, 4))),
                  in ->
                      new NDList(
                          ParallelExperts.plainReduce(
                              in.get(0), in.get(1), in.get(2), in.get(3), bias(in, 4))),
                  List.of(
                      reduced(1, 1, 1, 3, biased),
                      reduced(7, 5, 2, 4, biased),
                      reduced(33, 8, 3, 6, biased)),
                  2e-5,
                  "float32 rounding")
              .timedOn(reduced(4096, 8, 2, 128, biased)));
    }
    return checks;
  }

  private static NDArray bias(NDList inputs, int place) {
    return inputs.size() > place ? inputs.get(place) : null;
  }

  private static Case mapped(int tokens, int experts, int chosen, int width, boolean biased) {
    return new Case(
        label(tokens, experts, chosen),
        m -> {
          NDList inputs =
              new NDList(
                  m.randomNormal(new Shape(tokens, width)),
                  choice(m, tokens, experts, chosen),
                  m.randomNormal(new Shape(experts, width, width + 1)));
          if (biased) {
            inputs.add(m.randomNormal(new Shape(experts, width + 1)));
          }
          return inputs;
        });
  }

  private static Case reduced(int tokens, int experts, int chosen, int width, boolean biased) {
    return new Case(
        label(tokens, experts, chosen),
        m -> {
          NDList inputs =
              new NDList(
                  m.randomNormal(new Shape(tokens, chosen, width)),
                  choice(m, tokens, experts, chosen),
                  m.randomNormal(new Shape(tokens, chosen)),
                  m.randomNormal(new Shape(experts, width, width + 1)));
          if (biased) {
            inputs.add(m.randomNormal(new Shape(experts, width + 1)));
          }
          return inputs;
        });
  }

  private static String label(int tokens, int experts, int chosen) {
    return tokens + " tokens, " + chosen + " of " + experts + " experts";
  }

  /** The last expert is never chosen if that can be. */
  private static NDArray choice(NDManager manager, int tokens, int experts, int chosen) {
    int used = Math.max(chosen, experts - 1);
    return manager
        .randomNormal(new Shape(tokens, used))
        .topK(chosen, -1, true, true)
        .get(1)
        .toType(DataType.INT64, false);
  }
}
