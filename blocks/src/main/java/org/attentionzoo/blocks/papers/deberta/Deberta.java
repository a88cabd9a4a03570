package org.attentionzoo.blocks.papers.deberta;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import java.util.function.UnaryOperator;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
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
   * @param valid the mask that was given, boolean; null if nothing is padded
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
   * An encoder for a head that does not read absolute positions: a table of them exists only if the
   * input is position-biased.
   *
   * @param vocabulary the number of tokens
   * @param config sizes and switches
   * @return the encoder
   */
  public static Deberta withoutUnusedPositions(int vocabulary, DebertaConfig config) {
    return new Deberta(
        config,
        new DebertaEmbeddings(vocabulary, config, false, DebertaEmbeddings.Sharing.NONE, null));
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
   * @param valid (B, L), false or 0 where padded; or which keys each query sees, (B, L, L) or (B,
   *     1, L or 1, L): then a token that no query sees is padding; null if nothing is
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
    return encode(pass, ids, valid, tokenTypes, positions, beforeNorm, encoder.depth());
  }

  /**
   * Encodes tokens whose absolute positions count valid tokens alone, wherever the padding stands:
   * what the heads do.
   *
   * @param pass what the pass carries
   * @param ids (B, L) int64
   * @param valid as of {@link #encode}
   * @param beforeNorm replaces the embeddings before they are normalised; null to leave them
   * @return all layers
   */
  public Encoded encodeValid(
      Pass pass, NDArray ids, NDArray valid, UnaryOperator<NDArray> beforeNorm) {
    return encode(pass, ids, valid, null, places(pass, ids, valid), beforeNorm);
  }

  /** (B, L) int64: positions among the valid tokens; null if nothing is padded. */
  NDArray places(Pass pass, NDArray ids, NDArray valid) {
    if (valid == null) {
      return null;
    }
    NDArray tokens = DisentangledSelfAttention.tokens(valid);
    return Sequences.padded(tokens).positions(pass, this, ids);
  }

  /** Runs the first layers alone. */
  Encoded encode(
      Pass pass,
      NDArray ids,
      NDArray valid,
      NDArray tokenTypes,
      NDArray positions,
      UnaryOperator<NDArray> beforeNorm,
      int depth) {
    NDArray mask = valid == null || valid.getDataType() == DataType.BOOLEAN ? valid : valid.neq(0);
    NDArray tokens = DisentangledSelfAttention.tokens(mask);
    NDArray embedded = embeddings.embed(pass, ids, tokenTypes, positions, tokens, beforeNorm);
    DisentangledSelfAttention.Relative relative = encoder.relative(pass, embedded);
    NDList layers = encoder.encode(pass, embedded, mask, relative, depth);
    return new Encoded(embedded, layers, relative, mask);
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
    return new NDList(encodeValid(pass, inputs.get(0), valid, null).last());
  }
}
