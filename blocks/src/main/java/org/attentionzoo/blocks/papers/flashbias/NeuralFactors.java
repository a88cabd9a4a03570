package org.attentionzoo.blocks.papers.flashbias;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Linear;

/**
 * Factors of a bias that depends on the data, from features of the tokens by two small networks
 * that are trained alone to give the bias of a frozen model: three linear maps without biases, with
 * tanh between.
 *
 * <p>State dict: {@code queries} and {@code keys}, each with {@code 0}, {@code 1}, {@code 2}.
 */
public final class NeuralFactors extends ZooBlock {

  private final int heads;
  private final int rank;
  private final Network queries;
  private final Network keys;

  /**
   * Networks.
   *
   * @param features the number of features of a token
   * @param hidden the width between; 256 in the paper
   * @param heads the number of heads
   * @param rank the rank of the bias; 96 in the paper
   */
  public NeuralFactors(int features, int hidden, int heads, int rank) {
    this.heads = heads;
    this.rank = rank;
    queries = child("queries", new Network(features, hidden, heads * rank));
    keys = child("keys", new Network(features, hidden, heads * rank));
  }

  private static final class Network extends UnaryBlock {
    private final Linear first;
    private final Linear second;
    private final Linear third;

    Network(int in, int hidden, int out) {
      first = child("0", new Linear(in, hidden, false));
      second = child("1", new Linear(hidden, hidden, false));
      third = child("2", new Linear(hidden, out, false));
    }

    @Override
    public NDArray forward(Pass pass, NDArray x) {
      NDArray inner = second.forward(pass, first.forward(pass, x).tanh()).tanh();
      return third.forward(pass, inner);
    }
  }

  /**
   * Computes factors.
   *
   * @param pass what the pass carries
   * @param inputs features for queries (B, Lq, features) and for keys (B, Lk, features)
   * @return factors of queries (B, H, Lq, R) and of keys (B, H, Lk, R)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    return new NDList(
        Tensors.splitHeads(queries.forward(pass, inputs.get(0)), heads),
        Tensors.splitHeads(keys.forward(pass, inputs.get(1)), heads));
  }

  /**
   * How far the product of the factors is from a bias: what the networks are trained on.
   *
   * @param pass what the pass carries
   * @param inputs features for queries and keys
   * @param bias (B, H, Lq, Lk)
   * @return the mean squared error, a scalar
   */
  public NDArray error(Pass pass, NDList inputs, NDArray bias) {
    NDList factors = forward(pass, inputs);
    return factors.get(0).matMul(factors.get(1).swapAxes(2, 3)).sub(bias).square().mean();
  }
}
