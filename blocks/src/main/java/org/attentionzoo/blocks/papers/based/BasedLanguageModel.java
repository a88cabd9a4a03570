package org.attentionzoo.blocks.papers.based;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.layers.Embedding;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;
import org.attentionzoo.blocks.layers.RmsNorm;
import org.attentionzoo.blocks.linear.LinearAttentionConfig;
import org.attentionzoo.blocks.positions.Rotary;

/**
 * BASED (Arora et al. 2024): a decoder whose layers mix tokens by gated short convolutions, linear
 * attention or sliding-window attention.
 *
 * <p>State dict, as in the official code: {@code transformer.embeddings.word_embeddings}, {@code
 * transformer.layers.i}, {@code transformer.ln_f}, {@code lm_head} (tied).
 */
public final class BasedLanguageModel extends ZooBlock {

  private final BasedConfig config;
  private final Stack stack;
  private final Linear head;

  /**
   * A language model whose convolutions alone have biases.
   *
   * @param config its sizes
   */
  public BasedLanguageModel(BasedConfig config) {
    this(config, new Biases(true, false, false, false, false));
  }

  /**
   * A language model.
   *
   * @param config its sizes
   * @param biases which projections have biases
   */
  public BasedLanguageModel(BasedConfig config, Biases biases) {
    this.config = config;
    stack = child("transformer", new Stack(config, biases));
    head = child("lm_head", Linear.tiedTo(stack.table()));
  }

  /**
   * Which projections have biases.
   *
   * @param convolution those of convolutions
   * @param queries that to queries, keys and values
   * @param output the output of attention
   * @param up the first of the gated networks
   * @param down the second of the gated networks
   */
  public record Biases(
      boolean convolution, boolean queries, boolean output, boolean up, boolean down) {}

  /**
   * Predicts the next token at each position.
   *
   * @param pass what the pass carries; with a cache, the tokens continue its sequences
   * @param inputs tokens (B, L) int64, and optionally (B, L) boolean, false where padded
   * @return logits (B, L, vocabulary)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    return new NDList(head.forward(pass, stack.forward(pass, inputs).head()));
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

  /**
   * The mixer of a layer.
   *
   * @param config the sizes of the model
   * @param layer which layer, from 0
   * @param biases which projections have biases
   * @return the mixer
   */
  public static Mixer mixer(BasedConfig config, int layer, Biases biases) {
    int width = config.width();
    Initializer outputs = outputs(config);
    boolean[] attention = {biases.queries(), biases.output()};
    Rotary rotary = new Rotary(Rotary.Layout.HALF, 10_000);
    return switch (config.mixers().get(layer)) {
      case CONVOLUTION ->
          new BaseConvolution(
              width,
              config.expansion() * width / 2,
              config.kernel(),
              biases.convolution(),
              outputs);
      case LINEAR ->
          new TaylorAttention(
              width,
              config.linearHeads(),
              config.featureWidth(),
              width / config.linearHeads(),
              config.features(),
              LinearAttentionConfig.mean(true).computed(config.form(), config.chunk()),
              outputs);
      case SLIDING ->
          new SlidingAttention(
              SlidingConfig.of(width, config.slidingHeads(), config.window(), rotary),
              attention,
              outputs);
      case ATTENTION ->
          new MultiHeadAttention(AttentionConfig.causal(width, config.slidingHeads(), rotary));
    };
  }

  /** Smaller for deeper models, as in GPT-2. */
  private static Initializer outputs(BasedConfig config) {
    return Initializers.normal(0.02 / Math.sqrt(2.0 * config.mixers().size()));
  }

  /** Everything below the output projection. */
  private static final class Stack extends ZooBlock {

    private final Embeddings embeddings;
    private final ModuleList<BasedLayer> layers;
    private final RmsNorm norm;

    Stack(BasedConfig config, Biases biases) {
      embeddings = child("embeddings", new Embeddings(config.vocabulary(), config.width()));
      List<BasedLayer> list = new ArrayList<>();
      boolean[] mlp = {biases.up(), biases.down()};
      for (int i = 0; i < config.mixers().size(); i++) {
        list.add(
            new BasedLayer(
                mixer(config, i, biases),
                new GatedMlp(config.width(), config.hidden(), mlp, outputs(config)),
                config.width(),
                config.normEpsilon()));
      }
      layers = child("layers", new ModuleList<>(list));
      norm = child("ln_f", new RmsNorm(config.width(), config.normEpsilon()));
    }

    Parameter table() {
      return embeddings.words.weight();
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      Sequences sequences = Sequences.padded(inputs.size() > 1 ? inputs.get(1) : null);
      NDArray hidden = embeddings.forward(pass, inputs.head());
      for (BasedLayer layer : layers) {
        hidden = pass.segment(hidden, (inner, h) -> layer.forward(inner, h, sequences));
      }
      return new NDList(norm.forward(pass, hidden));
    }
  }

  /** The official code keeps its table in a module of its own. */
  private static final class Embeddings extends UnaryBlock {

    private final Embedding words;

    Embeddings(int vocabulary, int width) {
      words = child("word_embeddings", new Embedding(vocabulary, width, Initializers.normal(0.02)));
    }

    @Override
    public NDArray forward(Pass pass, NDArray tokens) {
      return words.forward(pass, tokens);
    }
  }
}
