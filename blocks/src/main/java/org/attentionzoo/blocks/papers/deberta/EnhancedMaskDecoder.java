package org.attentionzoo.blocks.papers.deberta;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;

/**
 * The enhanced mask decoder (He et al. 2020, section 3.2), which brings absolute positions in just
 * before tokens are predicted: with H the output of the last layer but one and P the embeddings of
 * absolute positions,
 *
 * <pre>
 *   z0 = P + H,   z1 = layer(queries z0, keys and values H),   z2 = layer(queries z1, keys H)
 * </pre>
 *
 * where layer is the encoder's last, with its weights, and queries are the residual stream. Logits
 * are the head's of z2.
 *
 * <p>State dict: {@code lm_head}.
 */
public final class EnhancedMaskDecoder extends ZooBlock {

  private static final int STEPS = 2;

  private final Deberta deberta;
  private final boolean enhanced;
  private final DebertaPredictionHead head;

  /**
   * A decoder.
   *
   * @param vocabulary the number of tokens
   * @param config sizes and switches
   * @param deberta whose last layer runs again; not a child of this block
   * @param enhanced whether it runs again; if not, logits are the head's of the last layer
   * @throws IllegalArgumentException if there is no layer before the last, or the table of absolute
   *     positions is not as wide as the hidden states
   */
  public EnhancedMaskDecoder(
      int vocabulary, DebertaConfig config, Deberta deberta, boolean enhanced) {
    if (enhanced && (config.layers() < 2 || config.tableWidth() != config.width())) {
      throw new IllegalArgumentException(
          "the enhanced mask decoder needs at least 2 layers and embeddingWidth=width; got layers="
              + config.layers()
              + ", embeddingWidth="
              + config.tableWidth()
              + ", width="
              + config.width());
    }
    this.deberta = deberta;
    this.enhanced = enhanced;
    head =
        child(
            "lm_head", new DebertaPredictionHead(vocabulary, config, deberta.embeddings().words()));
  }

  /**
   * Predicts the token at each place.
   *
   * @param pass what the pass carries
   * @param inputs (B, L) int64, and optionally (B, L) boolean, false where padded
   * @return logits, (B, L, vocabulary)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    return new NDList(head.forward(pass, states(pass, inputs)));
  }

  /** What the head sees: (B, L, D). */
  NDArray states(Pass pass, NDList inputs) {
    NDArray ids = inputs.get(0);
    NDArray valid = inputs.size() > 1 ? inputs.get(1) : null;
    if (!enhanced) {
      return deberta.encodeValid(pass, ids, valid, null).last();
    }
    NDArray places = deberta.places(pass, ids, valid);
    int depth = deberta.encoder().depth() - 1;
    Deberta.Encoded encoded = deberta.encode(pass, ids, valid, null, places, null, depth);
    NDArray hidden = encoded.last();
    NDArray queries = hidden.add(deberta.embeddings().positions(pass, ids, places));
    for (int step = 0; step < STEPS; step++) {
      queries =
          deberta
              .encoder()
              .last()
              .transform(pass, hidden, queries, encoded.valid(), encoded.relative());
    }
    return queries;
  }
}
