package org.attentionzoo.blocks.papers.deberta;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import java.util.function.UnaryOperator;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;

/**
 * DeBERTa: embeddings and encoder (He et al. 2020, He, Gao and Chen 2021), with the names of
 * Microsoft's class {@code DeBERTa}.
 *
 * <p>State dict: {@code embeddings}, {@code encoder}.
 */
public final class Deberta extends ZooBlock {

  private final DebertaEmbeddings embeddings;
  private final DebertaEncoder encoder;

  /**
   * What an encoder gives.
   *
   * @param embedded (B, L, D) the embeddings
   * @param layers each layer's output, (B, L, D)
   * @param relative the relative positions that were used; null without relative attention
   * @param valid (B, L) boolean; null if nothing is padded
   */
  public record Encoded(
      NDArray embedded, NDList layers, DisentangledSelfAttention.Relative relative, NDArray valid) {

    /**
     * The last layer's output.
     *
     * @return (B, L, D)
     */
    public NDArray last() {
      return layers.get(layers.size() - 1);
    }
  }

  /**
   * An encoder with its embeddings.
   *
   * @param vocabulary the number of tokens
   * @param config sizes and switches
   */
  public Deberta(int vocabulary, DebertaConfig config) {
    this(config, new DebertaEmbeddings(vocabulary, config));
  }

  /**
   * An encoder with given embeddings.
   *
   * @param config sizes and switches
   * @param embeddings made for the same config
   */
  public Deberta(DebertaConfig config, DebertaEmbeddings embeddings) {
    this.embeddings = child("embeddings", embeddings);
    encoder = child("encoder", new DebertaEncoder(config));
  }

  /**
   * The embeddings.
   *
   * @return the child
   */
  public DebertaEmbeddings embeddings() {
    return embeddings;
  }

  /**
   * The layers.
   *
   * @return the child
   */
  public DebertaEncoder encoder() {
    return encoder;
  }

  /**
   * Encodes tokens.
   *
   * @param pass what the pass carries
   * @param ids (B, L) int64
   * @param valid (B, L), false or 0 where padded; null if nothing is
   * @param tokenTypes (B, L) int64; null for zeros
   * @param positions (B, L) int64, absolute positions; null for 0, 1, 2, ...
   * @param beforeNorm replaces the embeddings before they are normalised; null to leave them
   * @return all layers
   */
  public Encoded encode(
      Pass pass,
      NDArray ids,
      NDArray valid,
      NDArray tokenTypes,
      NDArray positions,
      UnaryOperator<NDArray> beforeNorm) {
    NDArray mask = valid == null || valid.getDataType() == DataType.BOOLEAN ? valid : valid.neq(0);
    NDArray embedded = embeddings.embed(pass, ids, tokenTypes, positions, mask, beforeNorm);
    DisentangledSelfAttention.Relative relative = encoder.relative(pass, embedded);
    return new Encoded(embedded, encoder.encode(pass, embedded, mask, relative), relative, mask);
  }

  /**
   * Encodes tokens.
   *
   * @param pass what the pass carries
   * @param inputs (B, L) int64, and optionally (B, L) boolean, false where padded
   * @return (B, L, D), the last layer's output
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray valid = inputs.size() > 1 ? inputs.get(1) : null;
    return new NDList(encode(pass, inputs.get(0), valid, null, null, null).last());
  }
}
