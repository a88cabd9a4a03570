package org.attentionzoo.blocks.papers.selectiveselfattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import java.util.Map;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.TokenScaling;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;

/**
 * The inverse temperatures of selective self-attention (Zhang et al. 2024) as a part of any
 * attention, as child {@code temperature}. A query's scores are multiplied by 1 + tanh(f(x)) +
 * exp(-exp(beta)) ln n with n keys in sight, a token's value by 1 + tanh(g(x)); any of the terms
 * may be absent. All start so that attention is, but for beta's small term, plain.
 *
 * <p>State dict: {@code beta} (1); of shared functions {@code query_token} and {@code value_token}
 * (heads, d), f(x) = w_h . gelu(q) with the head's query and g likewise with its value; of networks
 * {@code query_network} and {@code value_network} with {@code in} and {@code out}.
 */
public final class Temperature extends ZooBlock implements TokenScaling {

  private final Config config;
  private final Parameter beta;
  private final Parameter queryToken;
  private final Parameter valueToken;
  private final Network queryNetwork;
  private final Network valueNetwork;

  /** What makes a token's own temperature. */
  public enum Token {
    /** Nothing. */
    NONE,
    /** One vector for each head, applied to the attention's own projection. */
    SHARED,
    /** A network of two layers on the hidden states. */
    NETWORK
  }

  /**
   * Which terms there are.
   *
   * @param width the size of the hidden states
   * @param heads the number of heads
   * @param headWidth the size of a head
   * @param queries the token's temperature of queries
   * @param values the token's temperature of values
   * @param position whether scores grow with the logarithm of the keys in sight
   */
  public record Config(
      int width, int heads, int headWidth, Token queries, Token values, boolean position) {}

  /**
   * Temperatures.
   *
   * @param config which terms there are
   */
  public Temperature(Config config) {
    this.config = config;
    beta = config.position() ? parameter("beta", Initializers.constant(1.5), 1) : null;
    queryToken = vector("query_token", config.queries());
    valueToken = vector("value_token", config.values());
    queryNetwork = network("query_network", config.queries());
    valueNetwork = network("value_network", config.values());
  }

  private Parameter vector(String name, Token token) {
    return token == Token.SHARED
        ? parameter(name, Initializers.constant(0), config.heads(), config.headWidth())
        : null;
  }

  private Network network(String name, Token token) {
    return token == Token.NETWORK ? child(name, new Network(config.width(), config.heads())) : null;
  }

  /** (B, L, width) to (B, H, L, 1). */
  private static final class Network extends ZooBlock {
    private final Linear in;
    private final Linear out;

    Network(int width, int heads) {
      int hidden = Math.max(1, width / 8);
      in = child("in", new Linear(width, hidden));
      out = child("out", new Linear(hidden, heads, Initializers.constant(0), null));
    }

    NDArray of(Pass pass, NDArray x) {
      NDArray values = out.forward(pass, Activation.gelu(in.forward(pass, x)));
      return values.transpose(0, 2, 1).expandDims(-1);
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      return new NDList(of(pass, inputs.head()));
    }
  }

  /**
   * 1 + exp(-exp(beta)) ln n.
   *
   * @param counts n, float, at least 1
   * @param beta a scalar, or an array of one
   * @return the shape of counts
   */
  static NDArray ofCounts(NDArray counts, NDArray beta) {
    // The parameter is not the receiver: results live where the counts do.
    NDArray exponent = counts.zerosLike().add(beta).exp();
    return counts.log().mul(exponent.neg().exp()).add(1);
  }

  /** {@inheritDoc} */
  @Override
  public NDArray ofQueries(Pass pass, NDArray hidden, NDArray queries, NDArray counts) {
    NDArray position = beta == null ? null : ofCounts(counts, pass.value(beta, queries));
    NDArray token = token(pass, hidden, queries, queryToken, queryNetwork);
    if (token == null) {
      return position;
    }
    return position == null ? token : token.sub(1).add(position);
  }

  /** {@inheritDoc} */
  @Override
  public NDArray ofValues(Pass pass, NDArray hidden, NDArray values) {
    if (valueToken != null && values.getShape().get(1) != config.heads()) {
      throw new IllegalArgumentException(
          "shared temperatures of values need a value head for each head; use the network");
    }
    return token(pass, hidden, values, valueToken, valueNetwork);
  }

  /** 1 + tanh(f), or null. */
  private NDArray token(
      Pass pass, NDArray hidden, NDArray projected, Parameter vector, Network network) {
    NDArray value;
    if (vector != null) {
      NDArray row =
          projected
              .getManager()
              .zeros(
                  new Shape(config.heads(), config.headWidth()),
                  projected.getDataType(),
                  projected.getDevice())
              .add(pass.value(vector, projected))
              .reshape(1, config.heads(), config.headWidth(), 1);
      value = Activation.gelu(projected).matMul(row);
    } else if (network != null) {
      value = network.of(pass, hidden);
    } else {
      return null;
    }
    return value.tanh().add(1);
  }

  /** {@inheritDoc} */
  @Override
  public Map<String, Block> parameterBlocks() {
    return Map.of("temperature", this);
  }

  /**
   * The factors of a whole sequence in which each token sees all up to itself.
   *
   * @param pass what the pass carries
   * @param inputs (B, L, width), queries (B, H, L, d) and values (B, H, L, d)
   * @return the factors of queries and values that there are
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray queries = inputs.get(1);
    NDArray counts =
        queries
            .getManager()
            .arange(1f, queries.getShape().get(2) + 1f, 1f)
            .toDevice(queries.getDevice(), false)
            .expandDims(1);
    NDList factors = new NDList();
    NDArray ofQueries = ofQueries(pass, inputs.get(0), queries, counts);
    NDArray ofValues = ofValues(pass, inputs.get(0), inputs.get(2));
    if (ofQueries != null) {
      factors.add(ofQueries);
    }
    if (ofValues != null) {
      factors.add(ofValues);
    }
    return factors;
  }
}
