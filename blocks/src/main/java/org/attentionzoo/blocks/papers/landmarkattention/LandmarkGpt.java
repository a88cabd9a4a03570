package org.attentionzoo.blocks.papers.landmarkattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.attentionzoo.blocks.DecodeCache;
import org.attentionzoo.blocks.NotRecordableException;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Dropout;
import org.attentionzoo.blocks.layers.Embedding;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;
import org.attentionzoo.blocks.positions.Rotary;

/**
 * A GPT with landmarks (Mohtashami and Jaggi 2023, arXiv 2305.16300). It puts a landmark behind
 * every block of tokens itself and gives no logits for landmarks, so that a landmark is never
 * predicted and the token before it predicts the token behind it.
 *
 * <p>In training, and with {@code chunk} 0, tokens see whole sequences through the grouped softmax.
 * With {@code chunk} above 0 and outside of training, sequences are read chunk by chunk, and tokens
 * see their chunk and the blocks that they retrieve: the work for a token then grows with the
 * number of cached blocks, not of tokens.
 *
 * <p>State dict, as in the official code: {@code transformer.wte}, {@code transformer.wpe.freqs},
 * {@code transformer.h.i}, {@code transformer.ln_f}, and {@code lm_head}, tied to {@code wte}.
 */
public final class LandmarkGpt extends ZooBlock {

  private static final double DEVIATION = 0.02;
  private static final double EPSILON = 1e-5;

  private final LandmarkConfig config;
  private final Body transformer;
  private final Linear head;

  /**
   * A model whose attention finds out how many groups its softmax needs.
   *
   * @param config its sizes
   */
  public LandmarkGpt(LandmarkConfig config) {
    this(config, 0);
  }

  /**
   * A model.
   *
   * @param config its sizes
   * @param groups at least the number of landmarks in whole sequences and 2 more; 0 to find it out
   */
  public LandmarkGpt(LandmarkConfig config, int groups) {
    this.config = config;
    transformer = child("transformer", new Body(config, groups));
    head = child("lm_head", Linear.tiedTo(transformer.embedding.weight()));
  }

  /**
   * Predicts the next token at each position.
   *
   * @param pass what the pass carries; with a cache, the tokens continue its sequences
   * @param inputs tokens (B, L) int64 without landmarks, and optionally (B, L) boolean, false where
   *     padded
   * @return logits (B, L, vocabulary)
   * @throws UserException if there is padding where blocks are to be retrieved
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    if (config.block() > 0) {
      NotRecordableException.refuse(inputs.get(0), "the number of landmarks follows the length");
    }
    NDArray tokens = inputs.get(0).toType(DataType.INT64, false);
    NDArray valid = inputs.size() > 1 ? inputs.get(1) : null;
    if (config.chunk() == 0 || pass.isTraining()) {
      return new NDList(whole(pass, tokens, valid));
    }
    if (valid != null) {
      throw new UserException(
          "landmark blocks are retrieved for sequences without padding only; give sequences of one"
              + " length, or set chunk=0");
    }
    if (pass.cache() != null) {
      return new NDList(chunks(pass, tokens));
    }
    try (DecodeCache cache = new DecodeCache(tokens.getManager())) {
      return new NDList(chunks(pass.with(cache), tokens));
    }
  }

  private NDArray whole(Pass pass, NDArray tokens, NDArray valid) {
    if (config.block() == 0) {
      int infinite = Integer.MAX_VALUE / 2;
      LandmarkTokens plain =
          LandmarkTokens.insert(pass, this, tokens, valid, infinite, config.landmarkRow());
      return logits(pass, plain.tokensOf(hidden(pass, plain)));
    }
    LandmarkTokens marked =
        LandmarkTokens.insert(pass, this, tokens, valid, config.block(), config.landmarkRow());
    if (pass.isTraining() && config.positionJump() > 0) {
      marked = marked.jumping(config.positionJump());
    }
    return logits(pass, marked.tokensOf(hidden(pass, marked)));
  }

  private NDArray chunks(Pass pass, NDArray tokens) {
    long length = tokens.getShape().get(1);
    NDList pieces = new NDList();
    for (long from = 0; from < length; from += config.chunk()) {
      NDArray piece = tokens.get(":, {}:{}", from, Math.min(length, from + config.chunk()));
      LandmarkTokens marked =
          LandmarkTokens.insert(pass, this, piece, null, config.block(), config.landmarkRow());
      NDArray x = transformer.embed(pass, marked.ids());
      for (Layer layer : transformer.layers) {
        x =
            pass.segment(
                x,
                (inner, h) ->
                    layer.apply(
                        inner,
                        h,
                        normed -> layer.attention.retrieve(inner, normed, marked.landmarks())));
      }
      pieces.add(logits(pass, marked.tokensOf(transformer.norm.forward(pass, x))));
    }
    return Tensors.concat(pieces, 1);
  }

  /**
   * Logits at tokens and landmarks alike.
   *
   * @param pass what the pass carries
   * @param ids (B, S) int64, landmarks included
   * @return (B, S, vocabulary)
   */
  public NDArray ofMarked(Pass pass, NDArray ids) {
    LandmarkTokens marked = LandmarkTokens.marked(ids, config.landmarkRow());
    return logits(pass, hidden(pass, marked));
  }

  private NDArray hidden(Pass pass, LandmarkTokens marked) {
    NDArray x = transformer.embed(pass, marked.ids());
    NDArray positions =
        marked.positions().getShape().get(0) == 1
            ? marked.positions().squeeze(0)
            : marked.positions();
    for (Layer layer : transformer.layers) {
      x =
          pass.segment(
              x,
              (inner, h) ->
                  layer.apply(
                      inner,
                      h,
                      normed ->
                          layer.attention.attend(
                              inner, normed, marked.landmarks(), marked.valid(), positions)));
    }
    return transformer.norm.forward(pass, x);
  }

  private NDArray logits(Pass pass, NDArray hidden) {
    NDArray all = head.forward(pass, hidden);
    return config.landmark() < 0 ? all.get("..., :{}", config.vocabulary()) : all;
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

  /** Everything below the output projection. */
  private static final class Body extends ZooBlock {

    private final Embedding embedding;
    private final ModuleList<Layer> layers;
    private final LayerNorm norm;
    private final double dropout;

    Body(LandmarkConfig config, int groups) {
      embedding =
          child(
              "wte", new Embedding(config.rows(), config.width(), Initializers.normal(DEVIATION)));
      child("wpe", new Frequencies(config.headWidth()));
      List<Layer> stack = new ArrayList<>();
      for (int i = 0; i < config.layers(); i++) {
        stack.add(new Layer(config, groups));
      }
      layers = child("h", new ModuleList<>(stack));
      norm = child("ln_f", new LayerNorm(config.width(), EPSILON, config.bias()));
      dropout = config.dropout();
    }

    NDArray embed(Pass pass, NDArray ids) {
      return Dropout.apply(pass, embedding.forward(pass, ids), dropout);
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      throw new UnsupportedOperationException("the model runs its layers");
    }
  }

  /** The official buffer of rotary frequencies, kept for the official files' sake. */
  private static final class Frequencies extends ZooBlock {

    Frequencies(int width) {
      buffer("freqs", (m, shape, type) -> Rotary.frequencies(m, width, 10000), width / 2);
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      throw new UnsupportedOperationException("frequencies are only kept");
    }
  }

  /** A pre-norm layer. */
  private static final class Layer extends ZooBlock {

    private final LayerNorm attentionNorm;
    private final LandmarkAttention attention;
    private final LayerNorm networkNorm;
    private final Network network;

    Layer(LandmarkConfig config, int groups) {
      attentionNorm = child("ln_1", new LayerNorm(config.width(), EPSILON, config.bias()));
      attention = child("attn", new LandmarkAttention(config, groups));
      networkNorm = child("ln_2", new LayerNorm(config.width(), EPSILON, config.bias()));
      network = child("mlp", new Network(config));
    }

    NDArray apply(Pass pass, NDArray x, UnaryOperator<NDArray> attend) {
      NDArray middle = x.add(attend.apply(attentionNorm.forward(pass, x)));
      return middle.add(network.forward(pass, networkNorm.forward(pass, middle)));
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      throw new UnsupportedOperationException("the model says what its attention sees");
    }
  }

  /** The feed-forward network, with the exact GELU. */
  private static final class Network extends UnaryBlock {

    private final Linear inner;
    private final Linear outer;
    private final double dropout;

    Network(LandmarkConfig config) {
      long width = config.width();
      var bias = config.bias() ? Initializers.constant(0) : null;
      inner = child("c_fc", new Linear(width, 4 * width, Initializers.normal(DEVIATION), bias));
      outer =
          child(
              "c_proj",
              new Linear(
                  4 * width,
                  width,
                  Initializers.normal(DEVIATION / Math.sqrt(2.0 * config.layers())),
                  bias));
      dropout = config.dropout();
    }

    @Override
    public NDArray forward(Pass pass, NDArray x) {
      NDArray hidden = Activation.gelu(inner.forward(pass, x));
      return Dropout.apply(pass, outer.forward(pass, hidden), dropout);
    }
  }
}
