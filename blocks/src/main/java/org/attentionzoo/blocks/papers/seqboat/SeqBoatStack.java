package org.attentionzoo.blocks.papers.seqboat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Measured.Measurement;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.ModuleList;

/** What runs the layers of a model and counts the activated tokens. */
final class SeqBoatStack {

  private SeqBoatStack() {}

  static ModuleList<SeqBoatLayer> layers(SeqBoatModelConfig config, boolean bidirectional) {
    SeqBoatConfig layer = config.layer(bidirectional);
    return new ModuleList<>(
        IntStream.range(0, config.layers()).mapToObj(i -> new SeqBoatLayer(layer)).toList());
  }

  /** The tap of the shares that {@link #run} gives. */
  static final String ACTIVATED = "activated";

  /** {@code activated.i}, the share of tokens that layer i activates, the mean over the rows. */
  static Measurement measurement() {
    return new Measurement(
        ACTIVATED,
        shares -> shares.mean(new int[] {0}),
        shares -> {
          Map<String, Double> figures = new LinkedHashMap<>();
          for (int i = 0; i < shares.length; i++) {
            figures.put(ACTIVATED + "." + i, shares[i]);
          }
          return figures;
        });
  }

  /** Hidden states (B, L, D), and the share of a row's tokens that each layer activated (B, N). */
  static NDList run(
      Pass pass, ZooBlock model, ModuleList<SeqBoatLayer> layers, NDArray x, NDArray valid) {
    Sequences sequences = Sequences.padded(valid);
    NDArray hidden = x;
    NDList counts = new NDList();
    for (SeqBoatLayer layer : layers) {
      hidden =
          pass.segment(
              hidden,
              (inner, given) -> {
                SeqBoatLayer.Result result = layer.forward(inner, given, sequences);
                if (!inner.isRepeated()) {
                  NDArray count = result.active().sum(new int[] {1}).stopGradient();
                  count.attach(x.getManager());
                  counts.add(count);
                }
                return result.hidden();
              });
    }
    NDArray tokens =
        valid == null
            ? x.getManager().full(counts.head().getShape(), (float) x.getShape().get(1))
            : valid.toType(DataType.FLOAT32, false).sum(new int[] {1});
    NDArray shares =
        NDArrays.stack(counts, 1)
            .div(Arithmetic.atLeast(tokens.toType(x.getDataType(), false), 1).expandDims(1));
    return new NDList(hidden, pass.tap(model, ACTIVATED, shares.stopGradient()));
  }
}
