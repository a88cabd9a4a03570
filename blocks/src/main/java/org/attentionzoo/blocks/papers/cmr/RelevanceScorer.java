package org.attentionzoo.blocks.papers.cmr;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.papers.cmr.CmrConfig.Scorer;

/**
 * Says how relevant each state of a segment is, in (0, 1]: the largest of a segment has 1.
 *
 * <p>State dict: {@code scorer.weight}, {@code scorer.bias}, {@code mixing_weight} (1).
 */
final class RelevanceScorer extends ZooBlock {

  private static final double LEAST = 1e-6;

  private final Scorer kind;
  private final Linear scorer;
  private final Parameter mixing;

  RelevanceScorer(CmrConfig config) {
    kind = config.scorer();
    scorer = kind == Scorer.VARIANCE ? null : child("scorer", new Linear(config.width(), 1));
    mixing =
        kind == Scorer.HYBRID ? parameter("mixing_weight", Initializers.constant(0.5), 1) : null;
  }

  /**
   * Scores whole segments.
   *
   * @param pass what the pass carries
   * @param inputs (B, C, H)
   * @return (B, C)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    return new NDList(score(pass, inputs.singletonOrThrow(), null));
  }

  /**
   * Scores.
   *
   * @param pass what the pass carries
   * @param states (B, C, H)
   * @param live (B, C), 1 and 0 for padding; null for none
   * @return (B, C), 0 for padding
   */
  NDArray score(Pass pass, NDArray states, NDArray live) {
    NDArray relevance =
        switch (kind) {
          case LEARNED -> learned(pass, states, live);
          case VARIANCE -> variance(states, live);
          case HYBRID -> {
            NDArray share =
                Activation.sigmoid(
                    states
                        .getManager()
                        .zeros(states.getShape())
                        .get(":, :, 0")
                        .add(pass.value(mixing, states)));
            yield learned(pass, states, live)
                .mul(Tensors.oneMinus(share))
                .add(variance(states, live).mul(share));
          }
        };
    NDArray most = relevance.max(new int[] {1}, true);
    NDArray scaled = Arithmetic.atLeast(relevance.div(Arithmetic.atLeast(most, LEAST)), LEAST);
    return live == null ? scaled : scaled.mul(live);
  }

  private NDArray learned(Pass pass, NDArray states, NDArray live) {
    NDArray logits = scorer.forward(pass, states).get(":, :, 0");
    return live == null
        ? logits.softmax(1)
        : logits.mul(live).add(Arithmetic.times(live.sub(1), 1e30)).softmax(1).mul(live);
  }

  private static NDArray variance(NDArray states, NDArray live) {
    NDArray apart = states.sub(states.mean(new int[] {2}, true));
    NDArray variance =
        Arithmetic.times(
            apart.square().sum(new int[] {2}), 1.0 / Math.max(1, states.getShape().get(2) - 1));
    variance = live == null ? variance : variance.mul(live);
    return variance.div(Arithmetic.atLeast(variance.max(new int[] {1}, true), LEAST));
  }
}
