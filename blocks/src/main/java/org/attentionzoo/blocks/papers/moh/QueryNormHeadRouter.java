package org.attentionzoo.blocks.papers.moh;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Measured.Measurement;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.attention.HeadWeights;

/**
 * The router without parameters with which MoH turns a trained model into a mixture of heads (Jin
 * et al. 2024, section 3.4; MoH-LLaMA3's {@code modeling_llama.py}): the first heads act for every
 * token; of the others those act whose queries, before rotary positions, are longest. Every acting
 * head has weight 1.
 *
 * <p>A candidate's gate is the softmax over candidates of its query's 2-norm divided by the
 * (unbiased) standard deviation of the candidates' norms. In a training pass the gradient of an
 * acting candidate's weight goes to its gate: the straight-through estimator of the paper, of which
 * the released code has the forward part only. The load-balancing loss of {@link HeadRouter} is
 * added in training passes under {@code moh.balance}; its gradient reaches the query projection.
 *
 * <p>The released code joins as many ones as there are candidates in front of the candidates' mask,
 * which is right only if half of the heads are shared, as in its model; here any split works. With
 * one candidate, where the released code divides by a deviation that does not exist, the gate is 1.
 *
 * <p>No parameters. Ties are broken as libtorch's {@code topk} does.
 */
public final class QueryNormHeadRouter extends UnaryBlock implements HeadWeights {

  /** Bounds squares from below: the slope of the root is infinite at 0. */
  private static final double LEAST_SQUARE = 1e-24;

  private final MohConfig config;

  /**
   * A router.
   *
   * @param config the sizes of the attention whose heads it weighs
   */
  public QueryNormHeadRouter(MohConfig config) {
    this.config = config;
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

  /**
   * Decides by the queries.
   *
   * @param pass what the pass carries; a training pass collects the load-balancing loss
   * @param queries (B, L, heads headWidth), before positions are applied
   * @return (B, L, heads): 1 where a head acts, else 0
   */
  @Override
  public NDArray route(Pass pass, NDArray queries) {
    Shape shape = queries.getShape();
    NDArray split = queries.reshape(shape.get(0), shape.get(1), config.heads(), config.headWidth());
    return weigh(pass, queries, split, null);
  }

  /** {@inheritDoc} */
  @Override
  public NDArray weigh(Pass pass, NDArray hidden, NDArray queries, NDArray valid) {
    int shared = config.sharedHeads();
    if (config.routedHeads() == 0) {
      return ones(queries);
    }
    NDArray gates = gates(queries.get(":, :, {}:", shared));
    NDArray mask = HeadChoice.best(gates, config.routedHeads());
    if (pass.isTraining()) {
      NDArray balance = HeadChoice.balance(gates, mask, valid);
      pass.addAuxiliaryLoss(HeadChoice.BALANCE, Arithmetic.times(balance, config.balanceWeight()));
      // the difference is 0 and has the gate's gradient
      mask = mask.add(mask.mul(gates.sub(gates.stopGradient())));
    }
    return shared == 0 ? mask : ones(queries.get(":, :, :{}", shared)).concat(mask, -1);
  }

  /** (B, L, heads, d) to (B, L, heads). */
  private static NDArray ones(NDArray queries) {
    return queries.get(":, :, :, 0").onesLike();
  }

  private static NDArray gates(NDArray queries) {
    NDArray norms = length(queries);
    long candidates = norms.getShape().get(2);
    if (candidates == 1) {
      return norms.softmax(-1);
    }
    NDArray centred = norms.sub(norms.mean(new int[] {-1}, true));
    NDArray deviation =
        length(Arithmetic.times(centred, 1 / Math.sqrt(candidates - 1.0))).expandDims(-1);
    return norms.div(deviation).softmax(-1);
  }

  /** (..., d) to (...). */
  private static NDArray length(NDArray x) {
    return Arithmetic.atLeast(x.square().sum(new int[] {-1}), LEAST_SQUARE).sqrt();
  }

  /** {@inheritDoc} */
  @Override
  public List<Measurement> measurements(String point) {
    return List.of(HeadLoad.at(point, config.sharedHeads()));
  }
}
