package org.attentionzoo.blocks.papers.combiner;

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
import org.attentionzoo.blocks.layers.Embedding;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;
import org.attentionzoo.blocks.layers.Relu;
import org.attentionzoo.blocks.layers.Sequential;
import org.attentionzoo.blocks.positions.Sinusoidal;
import org.attentionzoo.blocks.shells.ResidualLayer;

/**
 * The Transformer around Combiner's attention: embeddings with sinusoidal positions added, pre-norm
 * layers with LayerNorm and a network with ReLU, a final norm and an output projection. A span's
 * summary is of tokens that know where they stand.
 *
 * <p>State dict: {@code embed_tokens}, {@code layers.i}, {@code norm}, {@code lm_head}.
 */
public final class CombinerLanguageModel extends ZooBlock {

  private static final double FLAX_EPSILON = 1e-6;

  private final int vocabulary;
  private final int width;
  private final Embedding embedding;
  private final ModuleList<ResidualLayer> layers;
  private final LayerNorm norm;
  private final Linear head;

  /**
   * A language model.
   *
   * @param vocabulary the number of tokens
   * @param width the size of the hidden states, even
   * @param depth the number of layers
   * @param hidden the inner size of the networks
   * @param dropout the rate on residual branches
   * @param mixers makes the causal mixer of a layer
   */
  public CombinerLanguageModel(
      int vocabulary,
      int width,
      int depth,
      int hidden,
      double dropout,
      IntFunction<? extends Mixer> mixers) {
    this.vocabulary = vocabulary;
    this.width = width;
    embedding = child("embed_tokens", new Embedding(vocabulary, width, Initializers.normal(1)));
    List<ResidualLayer> stack = new ArrayList<>();
    for (int i = 0; i < depth; i++) {
      stack.add(
          new ResidualLayer(
              new LayerNorm(width, FLAX_EPSILON),
              mixers.apply(i),
              new LayerNorm(width, FLAX_EPSILON),
              new Sequential(dense(width, hidden), new Relu(), dense(hidden, width)),
              dropout));
    }
    layers = child("layers", new ModuleList<>(stack));
    norm = child("norm", new LayerNorm(width, FLAX_EPSILON));
    head = child("lm_head", new Linear(width, vocabulary, Initializers.normal(0.02), null));
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
    NDArray tokens = embedding.forward(pass, inputs.get(0));
    NDArray positions = sequences.positions(pass, this, tokens);
    NDArray hidden =
        tokens.add(Sinusoidal.embed(positions, width).toType(tokens.getDataType(), false));
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
    return new Shape[] {inputShapes[0].add(vocabulary)};
  }

  private static Linear dense(int in, int out) {
    return new Linear(in, out, Initializers.xavierUniform(in, out), Initializers.normal(1e-6));
  }
}
