package org.attentionzoo.blocks.papers.deberta;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Linear;

/**
 * DeBERTa for extractive question answering: each token's logits of being the answer's start and
 * end.
 *
 * <p>State dict, as Hugging Face's: {@code deberta}, {@code qa_outputs}.
 */
public final class DebertaQuestionAnswering extends ZooBlock {

  private final Deberta deberta;
  private final Linear outputs;

  /**
   * A model.
   *
   * @param vocabulary the number of tokens
   * @param config sizes and switches
   */
  public DebertaQuestionAnswering(int vocabulary, DebertaConfig config) {
    deberta = child("deberta", Deberta.withoutUnusedPositions(vocabulary, config));
    outputs = child("qa_outputs", DebertaLayer.dense(config.width(), 2, config));
  }

  /**
   * Scores starts and ends.
   *
   * @param pass what the pass carries
   * @param inputs (B, L) int64, and optionally (B, L) boolean, false where padded
   * @return start logits (B, L) and end logits (B, L)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray valid = inputs.size() > 1 ? inputs.get(1) : null;
    NDArray hidden = deberta.encodeValid(pass, inputs.get(0), valid, null).last();
    NDArray both = outputs.forward(pass, hidden);
    return new NDList(both.get("..., 0"), both.get("..., 1"));
  }
}
