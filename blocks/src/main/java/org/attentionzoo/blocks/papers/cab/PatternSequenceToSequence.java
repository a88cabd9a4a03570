package org.attentionzoo.blocks.papers.cab;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.function.Supplier;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.PatternMixer;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;
import org.attentionzoo.blocks.shells.TransformerEncoder;

/**
 * An encoder and decoder around an attention in the causal cross pattern: the source goes through
 * plain layers, the target through layers that attend to it.
 *
 * <p>State dict: {@code embedding}, which both have, {@code encoder}, {@code layers.i}, {@code
 * norm}, {@code head}, which is the embedding's table.
 */
public final class PatternSequenceToSequence extends ZooBlock {

  private final int vocabulary;
  private final TokenEmbedding embedding;
  private final TransformerEncoder encoder;
  private final ModuleList<PatternLayer> layers;
  private final LayerNorm norm;
  private final Linear head;

  /**
   * A model.
   *
   * @param vocabulary the number of tokens of source and target
   * @param sizes its sizes; the encoder has as many layers
   * @param attentions makes the attention of a layer
   * @throws org.attentionzoo.blocks.UserException if an attention does not support the pattern
   */
  public PatternSequenceToSequence(
      int vocabulary, PatternSizes sizes, Supplier<? extends PatternMixer> attentions) {
    int width = sizes.width();
    this.vocabulary = vocabulary;
    embedding = child("embedding", new TokenEmbedding(vocabulary, width));
    encoder = child("encoder", sizes.plainEncoder());
    layers =
        child(
            "layers", PatternLanguageModel.stack(AttentionPattern.CAUSAL_CROSS, sizes, attentions));
    norm = child("norm", new LayerNorm(width));
    head = child("head", Linear.tiedTo(embedding.weight()));
  }

  /**
   * Predicts the next token of the target at each of its places.
   *
   * @param pass what the pass carries
   * @param inputs source (B, Ls) and target (B, Lt) int64, and optionally (B, Ls) boolean, false
   *     where the source is padding
   * @return logits (B, Lt, vocabulary)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray valid = inputs.size() > 2 ? inputs.get(2) : null;
    Sequences sequences = Sequences.padded(valid);
    NDArray given = embedding.embed(pass, inputs.get(0), sequences);
    NDArray source = encoder.encode(pass, given, sequences);
    NDArray hidden = embedding.embed(pass, inputs.get(1), Sequences.FULL);
    for (PatternLayer layer : layers) {
      hidden = layer.forward(pass, hidden, source, sequences);
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
    return new Shape[] {inputShapes[1].add(vocabulary)};
  }
}
