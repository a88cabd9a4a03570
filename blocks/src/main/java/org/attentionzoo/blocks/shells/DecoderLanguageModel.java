package org.attentionzoo.blocks.shells;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Dropout;
import org.attentionzoo.blocks.layers.Embedding;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;
import org.attentionzoo.blocks.layers.RmsNorm;
import org.attentionzoo.blocks.layers.SwiGlu;

/**
 * A decoder language model around any causal mixer: embedding, pre-norm layers with RMSNorm and
 * SwiGLU, a final norm and an output projection.
 *
 * <p>State dict: {@code embed_tokens}, {@code layers.i}, {@code norm}, {@code lm_head}.
 */
public final class DecoderLanguageModel extends ZooBlock {

  private final DecoderConfig config;
  private final Embedding embedding;
  private final ModuleList<ResidualLayer> layers;
  private final RmsNorm norm;
  private final Linear head;

  /**
   * A language model.
   *
   * @param config its sizes
   * @param mixers makes the mixer of a layer
   * @throws IllegalArgumentException if a mixer is not causal
   */
  public DecoderLanguageModel(DecoderConfig config, IntFunction<? extends Mixer> mixers) {
    this.config = config;
    int width = config.width();
    embedding =
        child("embed_tokens", new Embedding(config.vocabulary(), width, Initializers.normal(0.02)));
    layers = child("layers", layers(config, mixers));
    norm = child("norm", new RmsNorm(width, config.normEpsilon()));
    head =
        child(
            "lm_head",
            config.tied()
                ? Linear.tiedTo(embedding.weight())
                : new Linear(width, config.vocabulary(), Initializers.normal(0.02), null));
  }

  /**
   * The layers of a decoder.
   *
   * @param config its sizes
   * @param mixers makes the mixer of a layer
   * @return as many as the config says
   * @throws IllegalArgumentException if a mixer is not causal
   */
  public static ModuleList<ResidualLayer> layers(
      DecoderConfig config, IntFunction<? extends Mixer> mixers) {
    int width = config.width();
    List<ResidualLayer> stack = new ArrayList<>();
    for (int i = 0; i < config.layers(); i++) {
      Mixer mixer = mixers.apply(i);
      if (!mixer.isCausal()) {
        throw new IllegalArgumentException(
            "layer " + i + " of a decoder needs a causal mixer, got " + mixer.getClass().getName());
      }
      stack.add(
          new ResidualLayer(
              new RmsNorm(width, config.normEpsilon()),
              mixer,
              new RmsNorm(width, config.normEpsilon()),
              new SwiGlu(width, config.hidden(), config.dropout()),
              config.dropout()));
    }
    return new ModuleList<>(stack);
  }

  /**
   * Predicts the next token at each position.
   *
   * @param pass what the pass carries; with a cache, the tokens continue its sequences
   * @param inputs tokens (B, L) int64, and optionally (B, L) boolean, false where padded
   * @return logits (B, L, vocabulary)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray valid = inputs.size() > 1 ? inputs.get(1) : null;
    Sequences sequences = Sequences.padded(valid);
    NDArray hidden = embedding.forward(pass, inputs.get(0));
    hidden = Dropout.apply(pass, hidden, config.dropout());
    for (ResidualLayer layer : layers) {
      hidden = pass.segment(hidden, (inner, x) -> layer.forward(inner, x, sequences));
    }
    return new NDList(head.forward(pass, norm.forward(pass, hidden)));
  }

  /** {@inheritDoc} */
  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes, DataType[] dataTypes) {
    return getOutputShapes(inputShapes);
  }

  /** {@inheritDoc} */
  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes) {
    return new Shape[] {inputShapes[0].add(config.vocabulary())};
  }
}
