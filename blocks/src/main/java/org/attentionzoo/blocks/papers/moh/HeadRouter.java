package org.attentionzoo.blocks.papers.moh;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Router;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Linear;

/**
 * The two-stage router of MoH (Jin et al. 2024, equations 5 to 8, with the constant factors of the
 * official code): shared heads weighted by a softmax among themselves, the best of the other heads
 * by a softmax over their candidates, and the two groups by a softmax over two; each group's
 * weights average 1 over its active heads before the groups are weighed.
 *
 * <p>Ties among candidates are broken as libtorch's {@code topk} does. The load-balancing loss is
 * added in training passes under {@code moh.balance}.
 *
 * <p>State dict: {@code wg} (candidates, width), {@code wg_0} (2, width) if both groups exist,
 * {@code wg_1} (shared, width) with more than one shared head.
 */
public final class HeadRouter extends UnaryBlock implements Router {

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
    candidates =
        routes
            ? child("wg", new Linear(width, config.heads() - config.sharedHeads(), false))
            : null;
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
    NDArray always = weighShared(pass, tokens);
    if (candidates == null) {
      return always;
    }
    NDArray chosen = choose(pass, tokens);
    if (groups == null) {
      return chosen;
    }
    NDArray weights = Arithmetic.times(groups.forward(pass, tokens).softmax(-1), 2);
    return always.mul(weights.get("..., 0:1")).concat(chosen.mul(weights.get("..., 1:2")), -1);
  }

  private NDArray weighShared(Pass pass, NDArray tokens) {
    Shape shape = tokens.getShape();
    if (shared == null) {
      return tokens
          .getManager()
          .ones(new Shape(shape.get(0), shape.get(1), config.sharedHeads()), tokens.getDataType());
    }
    return Arithmetic.times(shared.forward(pass, tokens).softmax(-1), config.sharedHeads());
  }

  private NDArray choose(Pass pass, NDArray tokens) {
    int count = config.heads() - config.sharedHeads();
    NDArray gates = candidates.forward(pass, tokens).softmax(-1);
    NDArray best = gates.stopGradient().topK(config.routedHeads(), -1, true, false).get(1);
    NDArray mask = best.oneHot(count, DataType.FLOAT32).sum(new int[] {-2});
    mask = mask.toType(gates.getDataType(), false);
    if (pass.isTraining()) {
      NDArray share = gates.mean(new int[] {0}).mean(new int[] {0});
      NDArray load = mask.mean(new int[] {0}).mean(new int[] {0});
      NDArray balance = Arithmetic.times(share.mul(load).sum(), count * config.balanceWeight());
      pass.addAuxiliaryLoss("moh.balance", balance);
    }
    NDArray kept = gates.mul(mask);
    NDArray total = Arithmetic.atLeast(kept.sum(new int[] {-1}, true), FLOAT_EPSILON);
    return Arithmetic.times(kept.div(total), config.routedHeads());
  }
}
