package org.attentionzoo.models.papers.kronecker;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Embedding;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.papers.kronecker.TensorAttention;
import org.attentionzoo.blocks.papers.kronecker.TensorAttentionConfig;
import org.attentionzoo.blocks.shells.TransformerEncoder;

/**
 * An encoder without positions that gives each token a label: what it finds depends on the set of
 * tokens alone, as in Match2 and Match3.
 *
 * <p>State dict: {@code embedding}, {@code encoder}, {@code head}.
 */
final class TensorTagger extends ZooBlock {

  private final Embedding embedding;
  private final TransformerEncoder encoder;
  private final Linear head;

  TensorTagger(TensorTaggerConfig config) {
    embedding = child("embedding", new Embedding(config.vocabulary(), config.width()));
    encoder =
        child(
            "encoder",
            new TransformerEncoder(
                config.width(),
                config.layers(),
                config.hidden(),
                0,
                layer ->
                    new TensorAttention(
                        new TensorAttentionConfig(
                            config.width(),
                            config.heads(),
                            config.headWidth(),
                            config.order(),
                            false,
                            config.scale()))));
    head = child("head", new Linear(config.width(), config.vocabulary()));
  }

  /**
   * Labels tokens.
   *
   * @param pass what the pass carries
   * @param inputs tokens (B, L) int64, and optionally (B, L) boolean, false where padded
   * @return logits (B, L, vocabulary)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray valid = inputs.size() > 1 ? inputs.get(1) : null;
    NDArray hidden = embedding.forward(pass, inputs.get(0).toType(DataType.INT64, false));
    NDArray encoded = encoder.encode(pass, hidden, Sequences.padded(valid));
    return new NDList(head.forward(pass, encoded));
  }
}
