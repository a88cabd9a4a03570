package org.attentionzoo.blocks.papers.deberta;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.function.UnaryOperator;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Segments;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Dropout;
import org.attentionzoo.blocks.layers.Linear;

/**
 * DeBERTa as a classifier of sequences, with the names of Microsoft's class {@code
 * SequenceClassificationModel}: classifier(dropout(pooler(h))). With {@link ScaleInvariantTuning} a
 * training pass adds its loss.
 *
 * <p>State dict: {@code deberta}, {@code pooler.dense}, {@code classifier}. Absolute positions have
 * a table only if the input is position-biased.
 */
public final class DebertaSequenceClassifier extends ZooBlock {

  private final Deberta deberta;
  private final DebertaPooler pooler;
  private final Linear classifier;
  private final double dropout;
  private final ScaleInvariantTuning tuning;

  /**
   * A classifier with the default pooler, whose output has the encoder's dropout.
   *
   * @param vocabulary the number of tokens
   * @param classes the number of classes
   * @param config sizes and switches
   * @param tuning scale-invariant fine-tuning; null for none
   */
  public DebertaSequenceClassifier(
      int vocabulary, int classes, DebertaConfig config, ScaleInvariantTuning tuning) {
    this(vocabulary, classes, config, new DebertaPooler(config), config.dropout(), tuning);
  }

  /**
   * A classifier.
   *
   * @param vocabulary the number of tokens
   * @param classes the number of classes
   * @param config sizes and switches
   * @param pooler made for the same config
   * @param dropout the rate on what the pooler gives (cls_dropout)
   * @param tuning scale-invariant fine-tuning; null for none
   */
  public DebertaSequenceClassifier(
      int vocabulary,
      int classes,
      DebertaConfig config,
      DebertaPooler pooler,
      double dropout,
      ScaleInvariantTuning tuning) {
    deberta = child("deberta", Deberta.withoutUnusedPositions(vocabulary, config));
    this.pooler = child("pooler", pooler);
    classifier = child("classifier", DebertaLayer.dense(config.width(), classes, config));
    this.dropout = dropout;
    this.tuning = tuning;
  }

  /**
   * Classifies sequences by their first token.
   *
   * @param pass what the pass carries; in training with tuning it is given the auxiliary loss
   *     {@code sift}
   * @param inputs (B, L) int64, and optionally (B, L) boolean, false where padded
   * @return logits, (B, classes)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    if (tuning == null) {
      return new NDList(logits(pass, inputs, null));
    }
    NDArray[] normal = new NDArray[1];
    NDArray clean =
        logits(
            pass,
            inputs,
            sum -> {
              normal[0] = tuning.normalize(sum);
              return normal[0];
            });
    if (pass.isTraining() && tuning.weight() > 0) {
      // The step takes a gradient through all layers at once, which layers run again do not have.
      Pass whole = pass.with((Segments) null);
      NDArray loss = tuning.loss(normal[0], clean, x -> logits(whole, inputs, sum -> x));
      pass.addAuxiliaryLoss("sift", Arithmetic.times(loss, tuning.weight()));
    }
    return new NDList(clean);
  }

  private NDArray logits(Pass pass, NDList inputs, UnaryOperator<NDArray> beforeNorm) {
    NDArray valid = inputs.size() > 1 ? inputs.get(1) : null;
    NDArray hidden = deberta.encodeValid(pass, inputs.get(0), valid, beforeNorm).last();
    NDArray pooled = Dropout.apply(pass, pooler.forward(pass, hidden), dropout);
    return classifier.forward(pass, pooled);
  }
}
