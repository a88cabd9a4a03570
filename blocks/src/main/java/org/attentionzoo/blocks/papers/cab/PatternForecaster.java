package org.attentionzoo.blocks.papers.cab;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.function.Supplier;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.PatternMixer;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;
import org.attentionzoo.blocks.positions.Sinusoidal;
import org.attentionzoo.blocks.shells.TransformerEncoder;

/**
 * A forecaster around an attention in the noncausal cross pattern: the window, less its mean and
 * divided by its deviation, goes through plain layers; the places of the horizon, all at once,
 * attend to it. Without attention it can only forecast a number for each place, whatever it saw.
 *
 * <p>State dict: {@code values}, {@code places}, {@code encoder}, {@code layers.i}, {@code norm},
 * {@code head}.
 */
public final class PatternForecaster extends UnaryBlock {

  private static final double EPSILON = 1e-5;

  private final int window;
  private final int horizon;
  private final int width;
  private final Linear values;
  private final Linear places;
  private final TransformerEncoder encoder;
  private final ModuleList<PatternLayer> layers;
  private final LayerNorm norm;
  private final Linear head;

  /**
   * A forecaster.
   *
   * @param window how many rows it sees
   * @param horizon how many rows it forecasts
   * @param channels how many series a row has
   * @param sizes its sizes; the encoder has as many layers
   * @param attentions makes the attention of a layer
   * @throws org.attentionzoo.blocks.UserException if an attention does not support the pattern
   */
  public PatternForecaster(
      int window,
      int horizon,
      int channels,
      PatternSizes sizes,
      Supplier<? extends PatternMixer> attentions) {
    if (window < 1 || horizon < 1 || channels < 1) {
      throw new IllegalArgumentException(
          "window, horizon and channels must be positive; got "
              + window
              + ", "
              + horizon
              + ", "
              + channels);
    }
    this.window = window;
    this.horizon = horizon;
    width = sizes.width();
    values = child("values", new Linear(channels, width));
    places = child("places", new Linear(width, width));
    encoder = child("encoder", sizes.plainEncoder());
    layers =
        child(
            "layers",
            PatternLanguageModel.stack(AttentionPattern.NONCAUSAL_CROSS, sizes, attentions));
    norm = child("norm", new LayerNorm(width));
    head = child("head", new Linear(width, channels));
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
    NDManager manager = x.getManager();
    NDArray mean = x.mean(new int[] {1}, true);
    NDArray centred = x.sub(mean);
    NDArray deviation = centred.square().mean(new int[] {1}, true).add(EPSILON).sqrt();
    NDArray all =
        Sinusoidal.embed(
            manager.arange(0, window + horizon, 1, DataType.INT64, x.getDevice()), width);
    NDArray rows = values.forward(pass, centred.div(deviation));
    NDArray seen = rows.add(all.get(":{}", window).toType(x.getDataType(), false));
    NDArray source = encoder.encode(pass, seen, Sequences.FULL);
    NDArray asked = all.get("{}:", window).toType(x.getDataType(), false);
    Shape shape = new Shape(x.getShape().get(0), horizon, width);
    NDArray hidden = places.forward(pass, asked).expandDims(0).broadcast(shape);
    for (PatternLayer layer : layers) {
      hidden = layer.forward(pass, hidden, source, Sequences.FULL);
    }
    return head.forward(pass, norm.forward(pass, hidden)).mul(deviation).add(mean);
  }
}
