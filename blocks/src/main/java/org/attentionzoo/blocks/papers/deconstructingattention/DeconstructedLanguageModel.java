package org.attentionzoo.blocks.papers.deconstructingattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Embedding;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;
import org.attentionzoo.blocks.layers.RmsNorm;
import org.attentionzoo.blocks.layers.SwiGlu;
import org.attentionzoo.blocks.papers.deconstructingattention.DeconstructedConfig.Pattern;
import org.attentionzoo.blocks.positions.Rotary;

/**
 * A decoder whose layers have attention or what a {@link Variant} puts in its place. Where queries
 * and keys come from a second stream, it runs through the same layers, and its states make the
 * patterns by which the values of the text are mixed.
 *
 * <p>State dict: {@code embed_tokens}, {@code layers.i} with {@code self_attn}, {@code mlp}, {@code
 * input_layernorm}, {@code post_attention_layernorm}; {@code norm}, {@code lm_head}; the buffers
 * {@code random_embeddings} (context, width) or {@code fixed_tokens} (context) of a second stream.
 */
public final class DeconstructedLanguageModel extends ZooBlock {

  private final DeconstructedConfig config;
  private final Embedding embedding;
  private final ModuleList<Layer> layers;
  private final RmsNorm norm;
  private final Linear head;
  private final Parameter start;

  /**
   * A language model.
   *
   * @param config its sizes and choices
   */
  public DeconstructedLanguageModel(DeconstructedConfig config) {
    this.config = config;
    int width = config.width();
    embedding =
        child("embed_tokens", new Embedding(config.vocabulary(), width, Initializers.normal(0.02)));
    List<Layer> all = new ArrayList<>();
    for (int i = 0; i < config.layers(); i++) {
      all.add(new Layer(config, config.isSimple(i) ? config.variant() : Variant.STANDARD));
    }
    layers = child("layers", new ModuleList<>(all));
    norm = child("norm", new RmsNorm(width));
    head =
        child("lm_head", new Linear(width, config.vocabulary(), Initializers.normal(0.02), null));
    start =
        switch (config.variant()) {
          case RNDQK ->
              buffer(
                  "random_embeddings",
                  Initializers.normal(config.deviation()),
                  config.context(),
                  width);
          case FIXEDQK ->
              buffer(
                  "fixed_tokens",
                  (manager, shape, type) ->
                      manager.randomInteger(0, config.vocabulary(), shape, DataType.INT64),
                  config.context());
          default -> null;
        };
  }

  private static final class Layer extends ZooBlock {
    private final Variant variant;
    private final DeconstructedAttention attention;
    private final SwiGlu network;
    private final RmsNorm attentionNorm;
    private final RmsNorm networkNorm;

    Layer(DeconstructedConfig config, Variant variant) {
      this.variant = variant;
      int width = config.width();
      Rotary rotary =
          config.rotaryBase() > 0 ? new Rotary(Rotary.Layout.HALF, config.rotaryBase()) : null;
      attention =
          child(
              "self_attn",
              new DeconstructedAttention(
                  width, config.heads(), variant, Math.round(4f * width / 3), rotary));
      network = child("mlp", new SwiGlu(width, config.hidden(), 0));
      attentionNorm = child("input_layernorm", new RmsNorm(width));
      networkNorm = child("post_attention_layernorm", new RmsNorm(width));
    }

    /** One token after the other; the stream is null where the layer makes its own patterns. */
    NDArray forward(Pass pass, NDArray x, NDArray embedded, NDArray stream, Sequences sequences) {
      NDArray hidden = attentionNorm.forward(pass, x);
      NDArray source = variant == Variant.STATICQK ? attentionNorm.forward(pass, embedded) : hidden;
      NDArray patterns = variant.hasStream() ? attentionNorm.forward(pass, stream) : null;
      NDArray middle = x.add(attention.mix(pass, hidden, source, patterns, sequences));
      return middle.add(network.forward(pass, networkNorm.forward(pass, middle)));
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      throw new UnsupportedOperationException("layers are run by their language model");
    }
  }

  /**
   * Gives the text whose embeddings a second stream begins with.
   *
   * @param tokens as many as the context
   * @throws IllegalStateException if the variant has no fixed text
   * @throws IllegalArgumentException if there are too many or too few
   */
  public void setFixedText(long[] tokens) {
    if (config.variant() != Variant.FIXEDQK) {
      throw new IllegalStateException(config.variant() + " has no fixed text");
    }
    if (tokens.length != config.context()) {
      throw new IllegalArgumentException(
          "the fixed text needs " + config.context() + " tokens; got " + tokens.length);
    }
    start.getArray().set(tokens);
  }

  /**
   * Predicts the next token at each position.
   *
   * @param pass what the pass carries; with a cache, the tokens continue its sequences
   * @param inputs tokens (B, L) int64, and optionally (B, L) boolean, false where padded
   * @return logits (B, L, vocabulary)
   * @throws IllegalArgumentException if a second stream has no vectors for so many tokens
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    Sequences sequences = Sequences.padded(inputs.size() > 1 ? inputs.get(1) : null);
    NDArray embedded = pass.shared(embedding.forward(pass, inputs.head()));
    NDArray x = embedded;
    NDArray stream = start == null ? null : pass.shared(stream(pass, embedded));
    for (int i = 0; i < layers.size(); i++) {
      if (config.pattern() == Pattern.SKIP && config.isSimple(i)) {
        continue;
      }
      Layer layer = layers.get(i);
      NDArray patterns = stream;
      x =
          pass.segment(
              x, (inner, given) -> layer.forward(inner, given, embedded, patterns, sequences));
      if (stream != null && needed(i + 1)) {
        stream = pass.segment(stream, (inner, given) -> ahead(layer, inner, given));
      }
    }
    return new NDList(head.forward(pass, norm.forward(pass, x)));
  }

  /** Whether a layer from this one on takes its patterns from the stream. */
  private boolean needed(int from) {
    for (int i = from; i < layers.size(); i++) {
      if (layers.get(i).variant.hasStream()) {
        return true;
      }
    }
    return false;
  }

  /** The stream is always computed from its start, so that it keeps nothing and nobody listens. */
  private static NDArray ahead(Layer layer, Pass pass, NDArray stream) {
    Pass whole = pass.isTraining() ? Pass.training(pass.store()) : Pass.inference(pass.store());
    return layer.forward(whole, stream, stream, stream, Sequences.FULL);
  }

  /** (1, n, width) for the n positions up to the last token. */
  private NDArray stream(Pass pass, NDArray embedded) {
    long length = embedded.getShape().get(1);
    if (pass.cache() != null) {
      DecodeState state = pass.cache().of(this);
      length += state.count("tokens");
      state.setCount("tokens", length);
    }
    if (length > config.context()) {
      throw new IllegalArgumentException(
          "the second stream has vectors for "
              + config.context()
              + " tokens; got "
              + length
              + "; give the model a larger context");
    }
    NDManager manager = embedded.getManager();
    NDArray places = manager.arange(0, (int) length, 1, DataType.INT64, embedded.getDevice());
    if (config.variant() == Variant.RNDQK) {
      return ai.djl.nn.core.Embedding.embedding(
              places, pass.value(start, embedded), ai.djl.ndarray.types.SparseFormat.DENSE)
          .singletonOrThrow()
          .expandDims(0);
    }
    NDArray ids =
        manager
            .zeros(new Shape(config.context()), DataType.INT64, embedded.getDevice())
            .add(pass.value(start, embedded))
            .get(":{}", length);
    return embedding.forward(pass, ids).expandDims(0);
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
