package org.attentionzoo.blocks.papers.positionalattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;
import org.attentionzoo.blocks.layers.Relu;
import org.attentionzoo.blocks.layers.Sequential;
import org.attentionzoo.blocks.papers.positionalattention.PositionalConfig.Mode;

/**
 * The paper's Transformer: a linear encoding, layers x' = network([x, attention(x)]) without
 * residual connections or norms, and a linear decoding.
 *
 * <p>State dict: {@code encoding}, {@code transformer_layers.i} with {@code attn} and {@code
 * mlp.mlp}, {@code decoding}.
 */
public final class PositionalTransformer extends ZooBlock {

  private final PositionalConfig config;
  private final int extra;
  private final Linear encoding;
  private final ModuleList<Layer> layers;
  private final Linear decoding;

  /**
   * A Transformer.
   *
   * @param config its sizes and mode
   * @param extra how many tokens of zeros are put behind lists of numbers as working space; their
   *     outputs are dropped
   */
  public PositionalTransformer(PositionalConfig config, int extra) {
    this.config = config;
    this.extra = extra;
    encoding = child("encoding", new Linear(config.inputs(), config.width()));
    decoding = child("decoding", new Linear(config.width(), config.outputs()));
    List<Layer> stack = new ArrayList<>();
    for (int i = 0; i < config.layers(); i++) {
      stack.add(new Layer(config));
    }
    layers = child("transformer_layers", new ModuleList<>(stack));
  }

  /** Attention and a network that sees its input and its output. */
  private static final class Layer extends ZooBlock {
    private final PositionalAttention attention;
    private final Network network;

    Layer(PositionalConfig config) {
      attention = child("attn", new PositionalAttention(config));
      network = child("mlp", new Network(2 * config.width(), config));
    }

    NDArray forward(Pass pass, NDArray x, NDArray positions) {
      return network.forward(pass, x.concat(attention.attend(pass, x, positions), -1));
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      return new NDList(forward(pass, inputs.get(0), inputs.size() > 1 ? inputs.get(1) : null));
    }
  }

  /** Linear maps with ReLUs between, under their official name. */
  private static final class Network extends UnaryBlock {
    private final Sequential chain;

    Network(int in, PositionalConfig config) {
      List<UnaryBlock> parts = new ArrayList<>();
      int width = in;
      for (int i = 0; i < config.depth() - 1; i++) {
        parts.add(new Linear(width, config.hidden()));
        parts.add(new Relu());
        width = config.hidden();
      }
      parts.add(new Linear(width, config.width()));
      chain = child("mlp", new Sequential(parts));
    }

    @Override
    public NDArray forward(Pass pass, NDArray x) {
      return chain.forward(pass, x);
    }
  }

  /**
   * Computes a value for each token, or for each number of a list.
   *
   * @param pass what the pass carries
   * @param inputs (B, L, inputs) and, in the mode POSITIONAL, positions (L, positions); or lists
   *     (B, n) alone, whose positions are the rows of the identity matrix of size n + extra: in the
   *     mode POSITIONAL they are the positions, else they stand beside the number, so that {@code
   *     inputs} is 1 + n + extra
   * @return (B, L, outputs); of lists (B, n)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    if (inputs.head().getShape().dimension() == 2) {
      return new NDList(ofLists(pass, inputs.head()));
    }
    NDArray positions = inputs.size() > 1 ? inputs.get(1) : null;
    return new NDList(ofTokens(pass, inputs.head(), positions));
  }

  private NDArray ofTokens(Pass pass, NDArray tokens, NDArray positions) {
    NDArray x = encoding.forward(pass, tokens);
    for (Layer layer : layers) {
      x = pass.segment(x, (inner, given) -> layer.forward(inner, given, positions));
    }
    return decoding.forward(pass, x);
  }

  private NDArray ofLists(Pass pass, NDArray lists) {
    long batch = lists.getShape().get(0);
    int count = (int) lists.getShape().get(1);
    int length = count + extra;
    NDArray identity = lists.getManager().eye(length).toDevice(lists.getDevice(), false);
    NDArray numbers = lists;
    if (extra > 0) {
      NDArray space = lists.get(":, :1").zerosLike().repeat(1, extra);
      numbers = lists.concat(space, 1);
    }
    NDArray tokens = numbers.expandDims(2);
    if (config.mode() != Mode.POSITIONAL) {
      NDArray beside = identity.expandDims(0).repeat(0, batch);
      tokens = tokens.concat(beside, 2);
    }
    return ofTokens(pass, tokens, identity).squeeze(2).get(":, :{}", count);
  }
}
