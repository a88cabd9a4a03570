package org.attentionzoo.blocks.experts;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Measured;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Router;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Dropout;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;

/**
 * Sends each token to its most probable experts (Shazeer et al. 2017 without noise, as in
 * ModuleFormer, Shen et al. 2023, section 3.1): p = softmax(logits), the gates are the chosen p,
 * not renormalised. Ties go as libtorch's topk breaks them.
 *
 * <p>State dict: {@code w_gate.0} and {@code w_gate.3}, or {@code w_gate.0} if linear, or {@code
 * w_gate}, {@code expert_centroids} and {@code temperature} if by cosine.
 *
 * <p>Evaluations tell {@code load.i}, the share of all choices that fell on expert i; {@code
 * balance}, the entropy of the mean probabilities divided by that of equal ones, ln(experts); and
 * {@code mutual_information} of tokens and experts in nats, the entropy of the mean minus the mean
 * entropy. Padding counts.
 */
public final class TopKGate extends ZooBlock implements Router, Measured {

  /** The tap of the probabilities (N, experts). */
  public static final String PROBABILITIES = "probabilities";

  /** The names of the losses among the auxiliary losses begin so. */
  public static final String LOSS = "experts.";

  /** The names of the figures that tell the load begin so. */
  public static final String LOAD = "load.";

  private static final double TINY = 1e-8;
  private static final double DRAWN = 1e-6;
  private static final double SHORTEST = 1e-12;
  private static final double SQUARED_SHARE = 0.1;

  private final TopKGateConfig config;
  private final Linear first;
  private final Linear second;
  private final Parameter centroids;
  private final Parameter temperature;

  /**
   * A gate.
   *
   * @param config its sizes and switches
   */
  public TopKGate(TopKGateConfig config) {
    this.config = config;
    int experts = config.experts();
    boolean cosine = config.kind() == TopKGateConfig.Kind.COSINE;
    boolean linear = config.kind() == TopKGateConfig.Kind.LINEAR;
    first =
        new Linear(
            config.width(),
            linear ? experts : config.hidden(),
            config.kind() == TopKGateConfig.Kind.MLP);
    second = linear || cosine ? null : new Linear(config.hidden(), experts, false);
    child("w_gate", cosine ? first : new Network(first, second));
    centroids =
        cosine
            ? parameter("expert_centroids", Initializers.normal(1), experts, config.hidden())
            : null;
    temperature = cosine ? parameter("temperature", Initializers.constant(0), 1) : null;
  }

  /** Places the layers at their official indices; between them stand an activation and dropout. */
  private static final class Network extends ZooBlock {
    Network(Linear first, Linear second) {
      child("0", first);
      if (second != null) {
        child("3", second);
      }
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      throw new UnsupportedOperationException("the gate runs its layers itself");
    }
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(PROBABILITIES);
  }

  /** {@inheritDoc} */
  @Override
  public List<Measurement> measurements() {
    return List.of(new Measurement(PROBABILITIES, this::choices, this::figures));
  }

  /** (2 E + 1): the mean probabilities, the shares of the choices, the mean entropy. */
  private NDArray choices(NDArray p) {
    int experts = config.experts();
    NDArray chosen = p.topK(config.chosen(), -1, true, true).get(1).reshape(-1);
    NDArray load = chosen.oneHot(experts, DataType.FLOAT32).mean(new int[] {0});
    NDArray entropy = p.mul(p.add(SHORTEST).log()).sum(new int[] {-1}).mean().neg();
    NDList parts = new NDList(p.mean(new int[] {0}), load, entropy.reshape(1));
    return NDArrays.concat(parts, 0);
  }

  private Map<String, Double> figures(double[] means) {
    int experts = config.experts();
    double entropy = 0;
    for (int i = 0; i < experts; i++) {
      entropy -= means[i] > 0 ? means[i] * Math.log(means[i]) : 0;
    }
    Map<String, Double> figures = new LinkedHashMap<>();
    if (experts > 1) {
      figures.put("balance", entropy / Math.log(experts));
    }
    figures.put("mutual_information", entropy - means[2 * experts]);
    for (int i = 0; i < experts; i++) {
      figures.put(LOAD + i, means[experts + i]);
    }
    return figures;
  }

  /**
   * The parameter that has a row for each expert.
   *
   * @return its name in the gate's state dict
   */
  String perExpert() {
    return switch (config.kind()) {
      case MLP -> "w_gate.3.weight";
      case LINEAR -> "w_gate.0.weight";
      case COSINE -> "expert_centroids";
    };
  }

  /** {@inheritDoc} */
  @Override
  public int parts() {
    return config.experts();
  }

  /**
   * Assigns tokens to experts, and adds the auxiliary loss to the pass.
   *
   * @param pass what the pass carries
   * @param x (N, width)
   * @return the assignment
   */
  public Assignment assign(Pass pass, NDArray x) {
    NDArray logits = logits(pass, x);
    NDArray p = pass.tap(this, PROBABILITIES, logits.softmax(-1));
    NDArray experts = choose(pass, p);
    Assignment assignment = new Assignment(experts, p.gather(experts, 1));
    if (config.lossWeight() != 0) {
      pass.addAuxiliaryLoss(
          LOSS + config.loss().name().toLowerCase(Locale.ROOT).replace('_', '-'),
          Arithmetic.times(loss(p, logits, assignment), config.lossWeight()));
    }
    if (config.capacityFactor() > 0) {
      double even = (double) x.getShape().get(0) * config.chosen() / config.experts();
      return assignment.limited(config.experts(), (long) Math.ceil(config.capacityFactor() * even));
    }
    return assignment;
  }

  /** {@inheritDoc} */
  @Override
  public NDArray route(Pass pass, NDArray tokens) {
    Shape shape = tokens.getShape();
    Assignment assignment = assign(pass, tokens.reshape(-1, shape.get(2)));
    return assignment
        .experts()
        .oneHot(config.experts(), DataType.FLOAT32)
        .toType(tokens.getDataType(), false)
        .mul(assignment.gates().expandDims(-1))
        .sum(new int[] {1})
        .reshape(shape.get(0), shape.get(1), config.experts());
  }

  private NDArray logits(Pass pass, NDArray x) {
    NDArray z = first.forward(pass, x);
    return switch (config.kind()) {
      case LINEAR -> z;
      case MLP -> second.forward(pass, Dropout.apply(pass, Activation.gelu(z), config.dropout()));
      case COSINE -> {
        NDArray centers = own(x, pass.value(centroids, x).reshape(config.experts(), -1));
        NDArray scale = own(x, pass.value(temperature, x).exp());
        yield unit(z).matMul(unit(centers).transpose()).mul(scale);
      }
    };
  }

  /** What is computed from a parameter belongs to the pass. */
  private static NDArray own(NDArray like, NDArray computed) {
    computed.attach(like.getManager());
    return computed;
  }

  private static NDArray unit(NDArray x) {
    NDArray squares = x.square().sum(new int[] {-1}, true);
    return x.div(Arithmetic.atLeast(squares, SHORTEST * SHORTEST).sqrt());
  }

  private NDArray choose(Pass pass, NDArray p) {
    NDArray fixed = p.stopGradient();
    int sampled = pass.isTraining() ? config.sampled() : 0;
    int certain = config.chosen() - sampled;
    if (sampled == 0) {
      return fixed.topK(certain, -1, true, true).get(1);
    }
    // The largest of log p + Gumbel noise are a draw without replacement with probabilities p.
    NDArray uniform =
        p.getManager()
            .randomUniform(1e-7f, 1f, p.getShape(), p.getDataType())
            .toDevice(p.getDevice(), false);
    NDArray keys = fixed.add(DRAWN).log().sub(uniform.log().neg().log());
    if (certain == 0) {
      return keys.topK(sampled, -1, true, true).get(1);
    }
    NDArray best = fixed.topK(certain, -1, true, true).get(1);
    NDArray taken =
        best.oneHot(config.experts(), DataType.FLOAT32)
            .sum(new int[] {1})
            .toType(p.getDataType(), false);
    NDArray drawn = keys.sub(Arithmetic.times(taken, 1e9)).topK(sampled, -1, true, true).get(1);
    return best.concat(drawn, 1);
  }

  private NDArray loss(NDArray p, NDArray logits, Assignment assignment) {
    int experts = config.experts();
    return switch (config.loss()) {
      case MUTUAL_INFORMATION -> {
        NDArray perToken = p.mul(logits.logSoftmax(-1)).sum(new int[] {-1}).mean();
        yield perToken.neg().sub(entropy(p.mean(new int[] {0})));
      }
      case CONCENTRATION -> entropy(p.mean(new int[] {0}));
      case SWITCH -> {
        NDArray share = p.mean(new int[] {0});
        NDArray load = assignment.load(experts);
        NDArray balance = Arithmetic.times(share.mul(load.div(load.sum())).sum(), experts);
        NDArray size = logits.exp().sum(new int[] {-1}).log().square().mean();
        yield balance.add(Arithmetic.times(size, SQUARED_SHARE));
      }
    };
  }

  private static NDArray entropy(NDArray p) {
    return p.mul(p.add(TINY).log()).sum().neg();
  }

  /**
   * Weighs all experts.
   *
   * @param pass what the pass carries
   * @param inputs (B, L, width)
   * @return (B, L, experts), 0 where an expert is not chosen
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    return new NDList(route(pass, inputs.head()));
  }
}
