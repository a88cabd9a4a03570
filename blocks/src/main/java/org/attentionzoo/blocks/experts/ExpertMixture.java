package org.attentionzoo.blocks.experts;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;

/**
 * A mixture of feed-forward experts (Shazeer et al. 2017, equation 1): the sum over a token's
 * chosen experts of gate times W2 f(W1 x).
 *
 * <p>{@link #map} and {@link #reduce} are its halves, for what stands between them to be something
 * else, such as attention.
 *
 * <p>State dict: {@code experts}, {@code output_experts}, {@code gate}.
 */
public final class ExpertMixture extends UnaryBlock {

  private final ParallelExperts experts;
  private final ParallelExperts outputExperts;
  private final TopKGate gate;
  private final ParallelExperts.NonLinearity between;
  private final TopKGateConfig sizes;
  private final List<String> perExpert;

  /**
   * A mixture.
   *
   * @param gate which experts there are and how a token chooses
   * @param hidden the inner size of an expert
   * @param bias whether experts have biases
   * @param between what stands between the two layers of an expert
   */
  public ExpertMixture(
      TopKGateConfig gate, int hidden, boolean bias, ParallelExperts.NonLinearity between) {
    this(gate, hidden, bias, between, 0);
  }

  /**
   * A mixture of which only the last experts learn.
   *
   * @param gate which experts there are and how a token chooses; it learns as a whole
   * @param hidden the inner size of an expert
   * @param bias whether experts have biases
   * @param between what stands between the two layers of an expert
   * @param learning how many of the last experts learn; 0 for all
   */
  public ExpertMixture(
      TopKGateConfig gate,
      int hidden,
      boolean bias,
      ParallelExperts.NonLinearity between,
      int learning) {
    int width = gate.width();
    int count = gate.experts();
    experts = child("experts", new ParallelExperts(count, width, hidden, bias, learning));
    outputExperts =
        child("output_experts", new ParallelExperts(count, hidden, width, bias, learning));
    this.gate = child("gate", new TopKGate(gate));
    this.between = between;
    sizes = gate;
    perExpert = new ArrayList<>();
    for (String layer : List.of("experts.", "output_experts.")) {
      perExpert.add(layer + "weight");
      if (bias) {
        perExpert.add(layer + "bias");
      }
    }
  }

  /**
   * How many experts there are and how many a token chooses.
   *
   * @return the gate's config
   */
  public TopKGateConfig sizes() {
    return sizes;
  }

  /**
   * The parameters whose first axis counts the experts, but for the gate's.
   *
   * @return names in the state dict
   */
  public List<String> perExpert() {
    return List.copyOf(perExpert);
  }

  /**
   * The gate's parameter whose first axis counts the experts.
   *
   * @return its name in the state dict
   */
  public String gatePerExpert() {
    return "gate." + gate.perExpert();
  }

  /**
   * Transforms each token.
   *
   * @param pass what the pass carries; gets the gate's auxiliary loss
   * @param x (..., width)
   * @return the same shape
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    Shape shape = x.getShape();
    NDArray tokens = x.reshape(-1, shape.get(shape.dimension() - 1));
    Assignment assignment = gate.assign(pass, tokens);
    return ParallelExperts.feedForward(pass, tokens, assignment, experts, between, outputExperts)
        .reshape(shape);
  }

  /**
   * Which experts tokens go to.
   *
   * @param pass what the pass carries; gets the gate's auxiliary loss
   * @param tokens (N, width)
   * @return the assignment
   */
  public Assignment assign(Pass pass, NDArray tokens) {
    return gate.assign(pass, tokens);
  }

  /**
   * The first layer of each chosen expert.
   *
   * @param pass what the pass carries
   * @param tokens (N, width)
   * @param assignment from {@link #assign}
   * @return (N, k, hidden)
   */
  public NDArray map(Pass pass, NDArray tokens, Assignment assignment) {
    return experts.map(pass, tokens, assignment.experts());
  }

  /**
   * The second layer of each chosen expert, weighed by the gates and added up.
   *
   * @param pass what the pass carries
   * @param hidden (N, k, hidden)
   * @param assignment from {@link #assign}
   * @return (N, width)
   */
  public NDArray reduce(Pass pass, NDArray hidden, Assignment assignment) {
    return outputExperts.reduce(pass, hidden, assignment);
  }
}
