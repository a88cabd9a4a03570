package org.attentionzoo.blocks.papers.rcmha;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.Masks;
import org.attentionzoo.blocks.layers.Dropout;
import org.attentionzoo.blocks.layers.Embedding;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;

/**
 * The paper's language model: a pre-norm Transformer-XL without absolute positions around {@link
 * RelativeConvolutionalAttention}. A long text may be given in segments with a memory of each
 * layer's earlier inputs, which no gradient enters, as in Transformer-XL; or in pieces with a
 * decode cache, which give exactly what the whole text gives.
 *
 * <p>State dict: {@code src_embed}, {@code transformer.layers.i} with {@code self_attn}, {@code
 * feed_forward.layer1}, {@code feed_forward.layer2}, {@code norm_self_attn}, {@code norm_ff};
 * {@code transformer.norm}, {@code generator}.
 */
public final class TransformerXlLanguageModel extends ZooBlock {

  private final int vocabulary;
  private final Embedding embedding;
  private final Stack transformer;
  private final Linear generator;

  /**
   * A language model.
   *
   * @param vocabulary the number of tokens
   * @param layers the number of layers
   * @param hidden the inner size of the feed-forward networks
   * @param dropout the rate on residual branches
   * @param attention the attention of each layer
   */
  public TransformerXlLanguageModel(
      int vocabulary, int layers, int hidden, double dropout, RcmhaConfig attention) {
    this.vocabulary = vocabulary;
    embedding = child("src_embed", new Embedding(vocabulary, attention.width()));
    transformer = child("transformer", new Stack(layers, hidden, dropout, attention));
    generator = child("generator", new Linear(attention.width(), vocabulary));
  }

  /** The layers and the last norm. */
  private static final class Stack extends ZooBlock {
    private final ModuleList<Layer> layers;
    private final LayerNorm norm;

    Stack(int count, int hidden, double dropout, RcmhaConfig attention) {
      List<Layer> all = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        all.add(new Layer(hidden, dropout, attention));
      }
      layers = child("layers", new ModuleList<>(all));
      norm = child("norm", new LayerNorm(attention.width()));
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      throw new UnsupportedOperationException("the layers are run by their language model");
    }
  }

  /** A layer: attention and a feed-forward network, each behind a norm. */
  private static final class Layer extends ZooBlock {
    private final RelativeConvolutionalAttention attention;
    private final FeedForward feedForward;
    private final LayerNorm attentionNorm;
    private final LayerNorm feedForwardNorm;
    private final double dropout;

    Layer(int hidden, double dropout, RcmhaConfig config) {
      this.dropout = dropout;
      attention = child("self_attn", new RelativeConvolutionalAttention(config));
      feedForward = child("feed_forward", new FeedForward(config.width(), hidden, dropout));
      attentionNorm = child("norm_self_attn", new LayerNorm(config.width()));
      feedForwardNorm = child("norm_ff", new LayerNorm(config.width()));
    }

    NDArray forward(Pass pass, NDArray x, Sequences sequences) {
      return finish(pass, x, attention.mix(pass, attentionNorm.forward(pass, x), sequences));
    }

    NDArray forward(Pass pass, NDArray x, NDArray memory, NDArray mask) {
      NDArray segment = attentionNorm.forward(pass, x);
      NDArray all =
          memory == null ? segment : attentionNorm.forward(pass, memory).concat(segment, 1);
      return finish(pass, x, attention.attend(pass, segment, all, all, mask));
    }

    private NDArray finish(Pass pass, NDArray x, NDArray mixed) {
      NDArray middle = x.add(Dropout.apply(pass, mixed, dropout));
      NDArray transformed = feedForward.forward(pass, feedForwardNorm.forward(pass, middle));
      return middle.add(Dropout.apply(pass, transformed, dropout));
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      return new NDList(forward(pass, inputs.head(), Sequences.FULL));
    }
  }

  /** Two projections with a ReLU between. */
  private static final class FeedForward extends UnaryBlock {
    private final Linear layer1;
    private final Linear layer2;
    private final double dropout;

    FeedForward(int width, int hidden, double dropout) {
      this.dropout = dropout;
      layer1 = child("layer1", new Linear(width, hidden));
      layer2 = child("layer2", new Linear(hidden, width));
    }

    @Override
    public NDArray forward(Pass pass, NDArray x) {
      NDArray hidden = Activation.relu(layer1.forward(pass, x));
      return layer2.forward(pass, Dropout.apply(pass, hidden, dropout));
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
    NDArray x = embedding.forward(pass, inputs.head());
    for (Layer layer : transformer.layers) {
      x = pass.segment(x, (inner, h) -> layer.forward(inner, h, sequences));
    }
    return new NDList(generator.forward(pass, transformer.norm.forward(pass, x)));
  }

  /**
   * Predicts the next token at each position of a segment.
   *
   * @param pass what the pass carries; without a cache
   * @param tokens (B, L) int64
   * @param memories for each layer (B, M, width), its inputs at the M tokens before the segment;
   *     empty at the start
   * @return logits (B, L, vocabulary), then for each layer its inputs (B, L, width), which no
   *     gradient enters
   */
  public NDList forward(Pass pass, NDArray tokens, NDList memories) {
    NDArray x = embedding.forward(pass, tokens);
    long length = tokens.getShape().get(1);
    long before = memories.isEmpty() ? 0 : memories.get(0).getShape().get(1);
    NDArray mask = Masks.causal(x, length, before + length);
    NDList results = new NDList();
    NDList inputs = new NDList();
    for (int i = 0; i < transformer.layers.size(); i++) {
      inputs.add(x.stopGradient());
      NDArray memory = memories.isEmpty() ? null : memories.get(i);
      x = transformer.layers.get(i).forward(pass, x, memory, mask);
    }
    results.add(generator.forward(pass, transformer.norm.forward(pass, x)));
    results.addAll(inputs);
    return results;
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
