package org.attentionzoo.blocks.papers.selectiveselfattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.Bounded;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Dropout;
import org.attentionzoo.blocks.layers.Embedding;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;

/**
 * GPT-2 with the position-aware part of selective self-attention in every layer, as the official
 * code has it: learned positions, pre-norm layers, the exact GELU, an output layer tied to the
 * embedding.
 *
 * <p>State dict: {@code transformer.wte}, {@code transformer.wpe}, {@code transformer.h.i} with
 * {@code ln_1}, {@code attn}, {@code ln_2}, {@code mlp.c_fc}, {@code mlp.c_proj}; {@code
 * transformer.ln_f}, {@code lm_head}.
 */
public final class SelectiveGpt extends ZooBlock implements Bounded {

  private final GptConfig config;
  private final Body transformer;
  private final Linear head;

  /**
   * A language model.
   *
   * @param config its sizes
   */
  public SelectiveGpt(GptConfig config) {
    this.config = config;
    transformer = child("transformer", new Body(config));
    head = child("lm_head", Linear.tiedTo(transformer.tokens.weight()));
  }

  private static final class Body extends ZooBlock {
    private final Embedding tokens;
    private final Embedding positions;
    private final ModuleList<Layer> layers;
    private final LayerNorm norm;

    Body(GptConfig config) {
      tokens =
          child(
              "wte", new Embedding(config.vocabulary(), config.width(), Initializers.normal(0.02)));
      positions =
          child("wpe", new Embedding(config.context(), config.width(), Initializers.normal(0.02)));
      List<Layer> all = new ArrayList<>();
      for (int i = 0; i < config.layers(); i++) {
        all.add(new Layer(config));
      }
      layers = child("h", new ModuleList<>(all));
      norm = child("ln_f", config.norm());
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      throw new UnsupportedOperationException("the layers are run by their language model");
    }
  }

  private static final class Layer extends ZooBlock {
    private final LayerNorm attentionNorm;
    private final SelectiveGptAttention attention;
    private final LayerNorm networkNorm;
    private final Network network;
    private final double dropout;

    Layer(GptConfig config) {
      dropout = config.dropout();
      attentionNorm = child("ln_1", config.norm());
      attention = child("attn", new SelectiveGptAttention(config));
      networkNorm = child("ln_2", config.norm());
      network = child("mlp", new Network(config));
    }

    NDArray forward(Pass pass, NDArray x, Sequences sequences) {
      NDArray mixed = attention.mix(pass, attentionNorm.forward(pass, x), sequences);
      NDArray middle = x.add(Dropout.apply(pass, mixed, dropout));
      NDArray transformed = network.forward(pass, networkNorm.forward(pass, middle));
      return middle.add(Dropout.apply(pass, transformed, dropout));
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      return new NDList(forward(pass, inputs.head(), Sequences.FULL));
    }
  }

  private static final class Network extends UnaryBlock {
    private final Linear in;
    private final Linear out;

    Network(GptConfig config) {
      int width = config.width();
      in = child("c_fc", config.linear(width, 4 * width, 0.02));
      out = child("c_proj", config.linear(4 * width, width, config.residualDeviation()));
    }

    @Override
    public NDArray forward(Pass pass, NDArray x) {
      return out.forward(pass, Activation.gelu(in.forward(pass, x)));
    }
  }

  /** {@inheritDoc} */
  @Override
  public int context() {
    return config.context();
  }

  /**
   * Predicts the next token at each position.
   *
   * @param pass what the pass carries; with a cache, the tokens continue its sequences
   * @param inputs tokens (B, L) int64, and optionally (B, L) boolean, false where padded
   * @return logits (B, L, vocabulary)
   * @throws IllegalArgumentException if there are more tokens than learned positions
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray tokens = inputs.head();
    long before = pass.cache() == null ? 0 : pass.cache().of(transformer).count("seen");
    long length = before + tokens.getShape().get(1);
    if (length > config.context()) {
      throw new IllegalArgumentException(
          "the model has positions for " + config.context() + " tokens; got " + length);
    }
    Sequences sequences = Sequences.padded(inputs.size() > 1 ? inputs.get(1) : null);
    NDArray x = transformer.tokens.forward(pass, tokens);
    NDArray places = sequences.positions(pass, transformer, x);
    x = x.add(transformer.positions.forward(pass, places));
    x = Dropout.apply(pass, x, config.dropout());
    for (Layer layer : transformer.layers) {
      x = pass.segment(x, (inner, h) -> layer.forward(inner, h, sequences));
    }
    return new NDList(head.forward(pass, transformer.norm.forward(pass, x)));
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
