package org.attentionzoo.blocks.papers.deberta;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Dropout;
import org.attentionzoo.blocks.layers.Linear;

/**
 * DeBERTa as a classifier of tokens: classifier(dropout(h)) as Hugging Face has it, or
 * classifier(dropout(gelu(proj(h)))) as Microsoft's {@code NERModel} does.
 *
 * <p>State dict: {@code deberta}, {@code proj} (Microsoft's), {@code classifier}.
 */
public final class DebertaTokenClassifier extends ZooBlock {

  private final Deberta deberta;
  private final Linear projection;
  private final Linear classifier;
  private final double dropout;

  /**
   * A classifier.
   *
   * @param vocabulary the number of tokens
   * @param classes the number of classes
   * @param config sizes and switches
   * @param projected whether there is a projection before the classifier
   */
  public DebertaTokenClassifier(
      int vocabulary, int classes, DebertaConfig config, boolean projected) {
    deberta = child("deberta", Deberta.withoutUnusedPositions(vocabulary, config));
    projection =
        projected
            ? child("proj", DebertaLayer.dense(config.width(), config.width(), config))
            : null;
    classifier = child("classifier", DebertaLayer.dense(config.width(), classes, config));
    dropout = config.dropout();
  }

  /**
   * Classifies each token.
   *
   * @param pass what the pass carries
   * @param inputs (B, L) int64, and optionally (B, L) boolean, false where padded
   * @return logits, (B, L, classes)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray valid = inputs.size() > 1 ? inputs.get(1) : null;
    NDArray hidden = deberta.encodeValid(pass, inputs.get(0), valid, null).last();
    if (projection != null) {
      hidden = DebertaActivation.GELU.apply(projection.forward(pass, hidden));
    }
    return new NDList(classifier.forward(pass, Dropout.apply(pass, hidden, dropout)));
  }
}
