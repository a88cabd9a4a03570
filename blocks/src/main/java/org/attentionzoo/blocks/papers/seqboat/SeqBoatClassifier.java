package org.attentionzoo.blocks.papers.seqboat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Measured;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Embedding;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;

/**
 * SeqBoat's sequence classifier: embedding, bidirectional layers, a last norm if layers normalise
 * their input, the mean over the tokens, and a linear map to the classes.
 *
 * <p>Tokens (B, L) int64, optionally valid (B, L) boolean, to logits (B, classes) and the share of
 * each row's tokens that each layer activated (B, layers).
 *
 * <p>State dict, as {@code SeqBoatModel} of the authors' code: {@code encoder} (a table
 * (vocabulary, D) instead of a linear map of features), {@code seq_layers.i}, {@code
 * final_norm.norm}, {@code decoder}.
 */
public final class SeqBoatClassifier extends ZooBlock implements Measured {

  private final SeqBoatModelConfig config;
  private final Embedding encoder;
  private final ModuleList<SeqBoatLayer> layers;
  private final SequenceNorm norm;
  private final Linear decoder;

  /**
   * A classifier.
   *
   * @param config its sizes and switches
   */
  public SeqBoatClassifier(SeqBoatModelConfig config) {
    if (config.classes() < 1) {
      throw new IllegalArgumentException(
          "classes is " + config.classes() + "; a classifier needs at least 1");
    }
    this.config = config;
    int width = config.width();
    encoder =
        child(
            "encoder",
            new Embedding(config.vocabulary(), width, TruncatedNormal.of(1 / Math.sqrt(width))));
    layers = child("seq_layers", SeqBoatStack.layers(config, true));
    norm =
        config.preNorm() ? child("final_norm", new SequenceNorm(config.norm(), width, true)) : null;
    decoder =
        child(
            "decoder",
            new Linear(
                width, config.classes(), TruncatedNormal.of(0.02), Initializers.constant(0)));
  }

  /** {@inheritDoc} */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray valid = inputs.size() > 1 ? inputs.get(1) : null;
    NDList out = SeqBoatStack.run(pass, this, layers, encoder.forward(pass, inputs.get(0)), valid);
    NDArray hidden = norm == null ? out.get(0) : norm.forward(pass, out.get(0));
    return new NDList(decoder.forward(pass, mean(hidden, valid)), out.get(1));
  }

  private static NDArray mean(NDArray hidden, NDArray valid) {
    if (valid == null) {
      return hidden.mean(new int[] {1});
    }
    NDArray kept = valid.toType(hidden.getDataType(), false).expandDims(2);
    NDArray count = Arithmetic.atLeast(kept.sum(new int[] {1}), 1);
    return hidden.mul(kept).sum(new int[] {1}).div(count);
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(SeqBoatStack.ACTIVATED);
  }

  /**
   * Tells how sparse attention is: {@code activated.i}, the share of the tokens that layer i
   * activates.
   */
  @Override
  public List<Measurement> measurements() {
    return List.of(SeqBoatStack.measurement());
  }

  /** {@inheritDoc} */
  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes, DataType[] dataTypes) {
    return getOutputShapes(inputShapes);
  }

  /** {@inheritDoc} */
  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes) {
    long batch = inputShapes[0].get(0);
    return new Shape[] {new Shape(batch, config.classes()), new Shape(batch, config.layers())};
  }
}
