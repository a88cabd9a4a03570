package org.attentionzoo.blocks.papers.deberta;

import ai.djl.ndarray.NDList;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;

/**
 * DeBERTa as a masked language model, with the names of Microsoft's class {@code
 * MaskedLanguageModel}. The official model has the enhanced mask decoder if and only if its input
 * is not position-biased.
 *
 * <p>State dict: {@code deberta}, {@code lm_predictions.lm_head}. Absolute positions have a table
 * if the decoder is enhanced or the input is position-biased.
 */
public final class DebertaMaskedLanguageModel extends ZooBlock {

  private final Deberta deberta;
  private final EnhancedMaskDecoder decoder;

  /**
   * A model.
   *
   * @param vocabulary the number of tokens
   * @param config sizes and switches
   * @param enhanced whether the enhanced mask decoder is used
   */
  public DebertaMaskedLanguageModel(int vocabulary, DebertaConfig config, boolean enhanced) {
    deberta =
        child(
            "deberta",
            enhanced
                ? new Deberta(vocabulary, config)
                : Deberta.withoutUnusedPositions(vocabulary, config));
    decoder =
        child("lm_predictions", new EnhancedMaskDecoder(vocabulary, config, deberta, enhanced));
  }

  /**
   * The encoder.
   *
   * @return the child
   */
  public Deberta deberta() {
    return deberta;
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
    return decoder.forward(pass, inputs);
  }
}
