package org.attentionzoo.blocks.papers.groupeddiffattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Embedding;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;
import org.attentionzoo.blocks.layers.RmsNorm;

/**
 * A Llama-style decoder under the names of Motif: pre-norm layers around any causal attention and
 * network.
 *
 * <p>State dict: {@code model.embed_tokens}, {@code model.layers.i} with {@code self_attn}, {@code
 * mlp}, {@code input_layernorm}, {@code post_attention_layernorm}; {@code model.norm}, {@code
 * lm_head}.
 */
public final class DifferentialLanguageModel extends ZooBlock {

  private final int vocabulary;
  private final Body body;
  private final Linear head;

  /**
   * A language model.
   *
   * @param vocabulary the number of tokens
   * @param width the size of the hidden states
   * @param layers the number of layers
   * @param attentions makes the attention of a layer
   * @param networks makes the network of a layer
   */
  public DifferentialLanguageModel(
      int vocabulary,
      int width,
      int layers,
      IntFunction<? extends MixerBlock> attentions,
      IntFunction<? extends UnaryBlock> networks) {
    this.vocabulary = vocabulary;
    body = child("model", new Body(vocabulary, width, layers, attentions, networks));
    head = child("lm_head", new Linear(width, vocabulary, Initializers.normal(0.02), null));
  }

  private static final class Body extends ZooBlock {
    private final Embedding embedding;
    private final ModuleList<Layer> layers;
    private final RmsNorm norm;

    Body(
        int vocabulary,
        int width,
        int count,
        IntFunction<? extends MixerBlock> attentions,
        IntFunction<? extends UnaryBlock> networks) {
      embedding =
          child("embed_tokens", new Embedding(vocabulary, width, Initializers.normal(0.02)));
      List<Layer> all = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        all.add(new Layer(width, attentions.apply(i), networks.apply(i)));
      }
      layers = child("layers", new ModuleList<>(all));
      norm = child("norm", new RmsNorm(width));
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      throw new UnsupportedOperationException("the layers are run by their language model");
    }
  }

  private static final class Layer extends ZooBlock {
    private final MixerBlock attention;
    private final UnaryBlock network;
    private final RmsNorm attentionNorm;
    private final RmsNorm networkNorm;

    Layer(int width, MixerBlock attention, UnaryBlock network) {
      this.attention = child("self_attn", attention);
      this.network = child("mlp", network);
      attentionNorm = child("input_layernorm", new RmsNorm(width));
      networkNorm = child("post_attention_layernorm", new RmsNorm(width));
    }

    NDArray forward(Pass pass, NDArray x, Sequences sequences) {
      NDArray middle = x.add(attention.mix(pass, attentionNorm.forward(pass, x), sequences));
      return middle.add(network.forward(pass, networkNorm.forward(pass, middle)));
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      return new NDList(forward(pass, inputs.head(), Sequences.FULL));
    }
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
    Sequences sequences = Sequences.padded(inputs.size() > 1 ? inputs.get(1) : null);
    NDArray x = body.embedding.forward(pass, inputs.head());
    for (Layer layer : body.layers) {
      x = pass.segment(x, (inner, h) -> layer.forward(inner, h, sequences));
    }
    return new NDList(head.forward(pass, body.norm.forward(pass, x)));
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
}
