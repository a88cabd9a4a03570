package org.attentionzoo.blocks.papers.dhsa;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;
import org.attentionzoo.blocks.layers.Relu;
import org.attentionzoo.blocks.layers.Sequential;
import org.attentionzoo.blocks.papers.dhsa.PredictorConfig.Encoder;

/**
 * Says of every token whether a chunk ends there (DHSA, arXiv 2510.24606, its boundary predictor):
 * the w tokens up to it and the w tokens behind it are read, each side becomes one vector, and a
 * network decides from both, their difference, product and cosine.
 *
 * <p>State dict, as in the official code: {@code enc.mha}, {@code enc.norm} (attention); {@code
 * enc.0}, {@code enc.2} (convolution); {@code enc_ls.i}, {@code norm} (stack); {@code
 * pool.gate.weight} if gated; {@code mlp.0}, {@code mlp.2}.
 */
public final class BoundaryPredictor extends UnaryBlock {

  private static final double COSINE_EPSILON = 1e-6;
  private static final double STACK_COSINE_EPSILON = 1e-8;

  private final PredictorConfig config;
  private final WindowAttention attention;
  private final WindowConvolution convolution;
  private final ModuleList<WindowAttention> stack;
  private final LayerNorm norm;
  private final GatedPool pool;
  private final Sequential network;

  /**
   * A predictor.
   *
   * @param config its sizes
   */
  public BoundaryPredictor(PredictorConfig config) {
    this.config = config;
    int channels = config.channels();
    boolean attends = config.encoder() == Encoder.ATTENTION;
    boolean stacked = config.encoder() == Encoder.STACK;
    attention = attends ? child("enc", new WindowAttention(channels, config.heads())) : null;
    convolution =
        attends || stacked
            ? null
            : child("enc", new WindowConvolution(channels, config.window(), config.encoded()));
    List<WindowAttention> blocks = new ArrayList<>();
    for (int i = 0; stacked && i < config.blocks(); i++) {
      blocks.add(new WindowAttention(channels, config.heads()));
    }
    stack = stacked ? child("enc_ls", new ModuleList<>(blocks)) : null;
    norm = stacked ? child("norm", new LayerNorm(channels)) : null;
    pool =
        config.gatedPool() && convolution == null ? child("pool", new GatedPool(channels)) : null;
    int side = convolution == null ? channels : config.encoded();
    network =
        child(
            "mlp",
            new Sequential(
                new Linear(4L * side + 1, config.hidden()),
                new Relu(),
                new Linear(config.hidden(), 1)));
  }

  /**
   * Predicts.
   *
   * @param pass what the pass carries
   * @param x (B, L, C) tokens
   * @return (B, L) logits of a chunk's end; those of the first w - 1 and the last w tokens are of
   *     windows that reach beyond the sequence
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    int w = config.window();
    NDArray filled = Windows.fill(x, w);
    NDArray left;
    NDArray right;
    if (convolution != null) {
      NDArray windows = Windows.cut(filled, w);
      left = convolution.forward(pass, windows.get(":, :{}", w));
      right = convolution.forward(pass, windows.get(":, {}:", w));
    } else {
      NDArray read = stack == null ? attention.ofSequence(pass, filled, w) : stacked(pass, filled);
      left = pooled(pass, read.get(":, :{}", w));
      right = pooled(pass, read.get(":, {}:", w));
    }
    NDArray features =
        Tensors.concat(
            new NDList(left, right, left.sub(right).abs(), left.mul(right), cosine(left, right)),
            1);
    return network.forward(pass, features).reshape(x.getShape().get(0), x.getShape().get(1));
  }

  private NDArray stacked(Pass pass, NDArray filled) {
    NDArray x = Windows.cut(filled, config.window());
    for (WindowAttention block : stack) {
      NDArray read = block.forward(pass, norm.forward(pass, x));
      x = x.add(org.attentionzoo.blocks.layers.Dropout.apply(pass, read, config.dropout()));
    }
    return x;
  }

  private NDArray pooled(Pass pass, NDArray tokens) {
    return pool == null ? tokens.mean(new int[] {1}) : pool.forward(pass, tokens);
  }

  /** (N, c) and (N, c) to (N, 1). */
  private NDArray cosine(NDArray a, NDArray b) {
    int[] last = {1};
    double epsilon = stack == null ? COSINE_EPSILON : STACK_COSINE_EPSILON;
    NDArray squares = a.square().sum(last, true).mul(b.square().sum(last, true));
    return a.mul(b).sum(last, true).div(Arithmetic.atLeast(squares, epsilon * epsilon).sqrt());
  }

  /** A mean weighed by softmax of a learned score. */
  private static final class GatedPool extends UnaryBlock {

    private final Linear gate;

    GatedPool(int channels) {
      gate = child("gate", new Linear(channels, 1, false));
    }

    /** (N, w, C) to (N, C). */
    @Override
    public NDArray forward(Pass pass, NDArray tokens) {
      return gate.forward(pass, tokens).softmax(1).mul(tokens).sum(new int[] {1});
    }
  }

  /** A convolution of each channel over all w tokens, then one that mixes channels. */
  private static final class WindowConvolution extends UnaryBlock {

    private final Convolution positions;
    private final Convolution mix;

    WindowConvolution(int channels, int window, int encoded) {
      positions = child("0", new Convolution(channels, 1, window));
      mix = child("2", new Convolution(encoded, channels, 1));
    }

    /** (N, w, C) to (N, encoded). */
    @Override
    public NDArray forward(Pass pass, NDArray tokens) {
      NDArray read = Activation.relu(positions.forward(pass, tokens));
      return Activation.relu(mix.forward(pass, read));
    }
  }

  /**
   * PyTorch's {@code Conv1d} whose kernel is as long as its input: of each channel by itself if it
   * has one input channel, else of one token.
   */
  private static final class Convolution extends UnaryBlock {

    private final Parameter weight;
    private final Parameter bias;
    private final int in;
    private final int out;

    Convolution(int out, int in, int kernel) {
      long fan = (long) in * kernel;
      this.in = in;
      this.out = out;
      weight = parameter("weight", Initializers.fanIn(fan), out, in, kernel);
      bias = parameter("bias", Initializers.fanIn(fan), out);
    }

    /** (N, kernel, out), channel by channel, or (N, in), to (N, out). */
    @Override
    public NDArray forward(Pass pass, NDArray x) {
      boolean byChannel = x.getShape().dimension() == 3;
      NDArray rows = pass.value(weight, x).reshape(out, byChannel ? -1 : in);
      rows.attach(x.getManager());
      NDArray matrix = rows.transpose();
      NDArray sum = byChannel ? x.mul(matrix).sum(new int[] {1}) : x.matMul(matrix);
      return sum.add(pass.value(bias, x));
    }
  }
}
