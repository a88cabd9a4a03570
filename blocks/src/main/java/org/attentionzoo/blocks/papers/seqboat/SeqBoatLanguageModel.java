package org.attentionzoo.blocks.papers.seqboat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Set;
import org.attentionzoo.blocks.Measured;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Embedding;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Norm;

/**
 * SeqBoat's language model: embedding, causal layers, a last norm if layers normalise their input,
 * and a linear map to the next token's logits. With a decode cache each layer keeps its moving
 * averages and its last activated tokens: memory and the cost of a token do not grow.
 *
 * <p>Tokens (B, L) int64, optionally valid (B, L) boolean, to logits (B, L, vocabulary) and the
 * share of each row's tokens that each layer activated (B, layers).
 */
public final class SeqBoatLanguageModel extends ZooBlock implements Measured {

  private final SeqBoatModelConfig config;
  private final Embedding embedding;
  private final ModuleList<SeqBoatLayer> layers;
  private final SequenceNorm norm;
  private final Linear head;

  /**
   * A language model.
   *
   * @param config its sizes and switches
   */
  public SeqBoatLanguageModel(SeqBoatModelConfig config) {
    if (config.norm() != Norm.LAYERNORM) {
      throw new IllegalArgumentException(
          "norm is batchnorm, whose statistics let a token see later ones; a language model needs"
              + " layernorm");
    }
    this.config = config;
    int width = config.width();
    embedding =
        child(
            "embed_tokens",
            new Embedding(config.vocabulary(), width, TruncatedNormal.of(1 / Math.sqrt(width))));
    layers = child("layers", SeqBoatStack.layers(config, false));
    norm =
        config.preNorm() ? child("final_norm", new SequenceNorm(config.norm(), width, true)) : null;
    head =
        child(
            "lm_head",
            new Linear(
                width, config.vocabulary(), TruncatedNormal.of(0.02), Initializers.constant(0)));
  }

  /** {@inheritDoc} */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray valid = inputs.size() > 1 ? inputs.get(1) : null;
    NDList out =
        SeqBoatStack.run(pass, this, layers, embedding.forward(pass, inputs.get(0)), valid);
    NDArray hidden = norm == null ? out.get(0) : norm.forward(pass, out.get(0));
    return new NDList(head.forward(pass, hidden), out.get(1));
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
    return new Shape[] {
      inputShapes[0].add(config.vocabulary()), new Shape(inputShapes[0].get(0), config.layers())
    };
  }
}
