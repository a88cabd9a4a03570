package org.attentionzoo.blocks.papers.moh;

import ai.djl.ndarray.NDArray;
import java.util.List;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Measured.Measurement;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.attention.HeadWeights;
import org.attentionzoo.blocks.layers.Linear;

/**
 * The two-stage router of MoH (Jin et al. 2024, equations 5 to 8, with the constant factors of the
 * official code): shared heads weighted by a softmax among themselves, the best of the other heads
 * by a softmax over their candidates, and the two groups by a softmax over two; each group's
 * weights average 1 over its active heads before the groups are weighed.
 *
 * <p>Ties among candidates are broken as libtorch's {@code topk} does. The load-balancing loss is
 * added in training passes under {@code moh.balance}; its gradient flows through the mean gates
 * only.
 *
 * <p>State dict: {@code wg} (candidates, width), {@code wg_0} (2, width) if both groups exist,
 * {@code wg_1} (shared, width) with more than one shared head.
 */
public final class HeadRouter extends UnaryBlock implements HeadWeights {

  private static final double FLOAT_EPSILON = Math.ulp(1f);

  private final MohConfig config;
  private final Linear candidates;
  private final Linear groups;
  private final Linear shared;

  /**
   * A router.
   *
   * @param config the sizes of the attention whose heads it weighs
   */
  public HeadRouter(MohConfig config) {
    this.config = config;
    int width = config.width();
    boolean routes = config.routedHeads() > 0;
    candidates = routes ? child("wg", new Linear(width, config.candidates(), false)) : null;
    groups = routes && config.sharedHeads() > 0 ? child("wg_0", new Linear(width, 2, false)) : null;
    shared =
        config.sharedHeads() > 1
            ? child("wg_1", new Linear(width, config.sharedHeads(), false))
            : null;
  }

  /** {@inheritDoc} */
  @Override
  public int parts() {
    return config.heads();
  }

  /** {@inheritDoc} */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    return route(pass, x);
  }

  /** {@inheritDoc} */
  @Override
  public NDArray route(Pass pass, NDArray tokens) {
    return route(pass, tokens, null);
  }

  /**
   * Weighs the heads of padded sequences: padding has no part in the load-balancing loss.
   *
   * @param pass what the pass carries
   * @param tokens (B, L, width)
   * @param valid (B, L) boolean, false where padded; null if nothing is
   * @return (B, L, heads) weights; 0 where a head is switched off for a token
   */
  public NDArray route(Pass pass, NDArray tokens, NDArray valid) {
    if (candidates == null) {
      return weighShared(pass, tokens);
    }
    NDArray chosen = choose(pass, tokens, valid);
    if (groups == null) {
      return chosen;
    }
    NDArray weights = Arithmetic.times(groups.forward(pass, tokens).softmax(-1), 2);
    NDArray always = weights.get("..., 0:1");
    if (shared != null) {
      always = weighShared(pass, tokens).mul(always);
    }
    return always.concat(chosen.mul(weights.get("..., 1:2")), -1);
  }

  /** {@inheritDoc} */
  @Override
  public NDArray weigh(Pass pass, NDArray hidden, NDArray queries, NDArray valid) {
    return route(pass, hidden, valid);
  }

  /** {@inheritDoc} */
  @Override
  public List<Measurement> measurements(String point) {
    return List.of(HeadLoad.at(point, config.sharedHeads()));
  }

  /** A single shared head has the constant weight 1. */
  private NDArray weighShared(Pass pass, NDArray tokens) {
    if (shared == null) {
      return tokens.get("..., 0:1").onesLike();
    }
    return Arithmetic.times(shared.forward(pass, tokens).softmax(-1), config.sharedHeads());
  }

  private NDArray choose(Pass pass, NDArray tokens, NDArray valid) {
    NDArray gates = candidates.forward(pass, tokens).softmax(-1);
    NDArray mask = HeadChoice.best(gates, config.routedHeads());
    if (pass.isTraining()) {
      NDArray balance = HeadChoice.balance(gates, mask, valid);
      pass.addAuxiliaryLoss(HeadChoice.BALANCE, Arithmetic.times(balance, config.balanceWeight()));
    }
    NDArray kept = gates.mul(mask);
    NDArray total = Arithmetic.atLeast(kept.sum(new int[] {-1}, true), FLOAT_EPSILON);
    return Arithmetic.times(kept.div(total), config.routedHeads());
  }
}
