package org.attentionzoo.blocks.papers.cab;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.PatternMixer;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;

/**
 * A language model around an attention in a self pattern: causal for the next token, noncausal for
 * masked ones.
 *
 * <p>State dict: {@code embedding}, {@code layers.i}, {@code norm}, {@code head}, which is the
 * embedding's table.
 */
public final class PatternLanguageModel extends ZooBlock {

  private final int vocabulary;
  private final TokenEmbedding embedding;
  private final ModuleList<PatternLayer> layers;
  private final LayerNorm norm;
  private final Linear head;

  /**
   * A model.
   *
   * @param pattern a self pattern
   * @param vocabulary the number of tokens
   * @param sizes its sizes
   * @param attentions makes the attention of a layer
   * @throws org.attentionzoo.blocks.UserException if an attention does not support the pattern
   */
  public PatternLanguageModel(
      AttentionPattern pattern,
      int vocabulary,
      PatternSizes sizes,
      Supplier<? extends PatternMixer> attentions) {
    if (pattern.isCross()) {
      throw new IllegalArgumentException("a language model has a self pattern, got " + pattern);
    }
    this.vocabulary = vocabulary;
    embedding = child("embedding", new TokenEmbedding(vocabulary, sizes.width()));
    layers = child("layers", stack(pattern, sizes, attentions));
    norm = child("norm", new LayerNorm(sizes.width()));
    head = child("head", Linear.tiedTo(embedding.weight()));
  }

  /** As many layers as the sizes say. */
  static ModuleList<PatternLayer> stack(
      AttentionPattern pattern, PatternSizes sizes, Supplier<? extends PatternMixer> attentions) {
    return new ModuleList<>(
        Stream.generate(() -> new PatternLayer(sizes, pattern, attentions.get()))
            .limit(sizes.layers())
            .toList());
  }

  /**
   * Predicts tokens.
   *
   * @param pass what the pass carries; with a cache, the tokens continue its sequences
   * @param inputs tokens (B, L) int64, and optionally (B, L) boolean, false where padded
   * @return logits (B, L, vocabulary)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray valid = inputs.size() > 1 ? inputs.get(1) : null;
    Sequences sequences = Sequences.padded(valid);
    NDArray hidden = embedding.embed(pass, inputs.head(), sequences);
    for (PatternLayer layer : layers) {
      hidden = pass.segment(hidden, (inner, x) -> layer.forward(inner, x, null, sequences));
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
}
