package org.attentionzoo.blocks.shells;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.function.IntFunction;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Dropout;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;

/**
 * Forecasts each channel by itself (Nie et al., "A Time Series is Worth 64 Words", 2023): the
 * window, less its mean and divided by its deviation, is cut into overlapping patches, which become
 * tokens by a linear map and learned positions; layers around any mixer; one linear map from all
 * tokens to the horizon; mean and deviation are put back.
 *
 * <p>State dict: {@code W_P}, {@code W_pos}, {@code encoder}, {@code head}.
 */
public final class PatchForecaster extends UnaryBlock {

  private static final double EPSILON = 1e-5;

  private final PatchConfig config;
  private final Linear embedding;
  private final Parameter positions;
  private final TransformerEncoder encoder;
  private final Linear head;

  /**
   * A forecaster.
   *
   * @param config its sizes
   * @param mixers makes the mixer of a layer
   */
  public PatchForecaster(PatchConfig config, IntFunction<? extends Mixer> mixers) {
    this.config = config;
    int width = config.width();
    embedding = child("W_P", new Linear(config.patch(), width));
    positions = parameter("W_pos", Initializers.uniform(0.02), config.tokens(), width);
    encoder =
        child(
            "encoder",
            new TransformerEncoder(
                width, config.layers(), config.hidden(), config.dropout(), mixers));
    head = child("head", new Linear((long) config.tokens() * width, config.horizon()));
  }

  /**
   * Forecasts.
   *
   * @param pass what the pass carries
   * @param x (B, window, channels)
   * @return (B, horizon, channels)
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    long batch = x.getShape().get(0);
    NDArray rows = x.transpose(0, 2, 1).reshape(batch * config.channels(), config.window());
    NDArray mean = rows.mean(new int[] {1}, true);
    NDArray centred = rows.sub(mean);
    NDArray deviation = centred.square().mean(new int[] {1}, true).add(EPSILON).sqrt();
    NDArray tokens = embedding.forward(pass, patches(centred.div(deviation)));
    tokens = Dropout.apply(pass, tokens.add(pass.value(positions, tokens)), config.dropout());
    NDArray encoded = encoder.encode(pass, tokens, Sequences.FULL);
    NDArray flat = encoded.reshape(-1, (long) config.tokens() * config.width());
    NDArray y = head.forward(pass, flat).mul(deviation).add(mean);
    return y.reshape(new Shape(batch, config.channels(), config.horizon())).transpose(0, 2, 1);
  }

  /** (N, window) to (N, tokens, patch). */
  private NDArray patches(NDArray rows) {
    int pieces = config.patch() / config.stride();
    NDArray cut = rows.reshape(-1, config.window() / config.stride(), config.stride());
    if (pieces == 1) {
      return cut;
    }
    NDList shifted = new NDList();
    for (int i = 0; i < pieces; i++) {
      shifted.add(cut.get(":, {}:{}", i, i + config.tokens()));
    }
    return Tensors.concat(shifted, 2);
  }
}
