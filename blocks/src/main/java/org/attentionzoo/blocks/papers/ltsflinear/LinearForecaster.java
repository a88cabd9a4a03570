package org.attentionzoo.blocks.papers.ltsflinear;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Linear;

/**
 * Forecasts by one linear map from the last values to the coming ones, the same for every channel
 * (Zeng et al., "Are Transformers Effective for Time Series Forecasting?", 2022, section 4):
 *
 * <ul>
 *   <li>NLinear: y = W (x - x_L) + b + x_L, where x_L is the last value;
 *   <li>DLinear: y = W_t trend(x) + b_t + W_s (x - trend(x)) + b_s, where the trend is the mean
 *       over 25 values, those at the ends repeated.
 * </ul>
 *
 * <p>State dict as of the official code: {@code Linear}, or {@code Linear_Seasonal} and {@code
 * Linear_Trend}.
 */
public final class LinearForecaster extends UnaryBlock {

  private static final int KERNEL = 25;

  /** The forms. */
  public enum Form {
    /** Less the last value. */
    NLINEAR,
    /** Trend and rest apart. */
    DLINEAR
  }

  private final Form form;
  private final Linear linear;
  private final Linear trend;

  /**
   * A forecaster.
   *
   * @param form which form
   * @param window how many values are seen
   * @param horizon how many values are forecast
   */
  public LinearForecaster(Form form, int window, int horizon) {
    if (window < 1 || horizon < 1) {
      throw new IllegalArgumentException(
          "window and horizon must be positive; got " + window + " and " + horizon);
    }
    this.form = form;
    boolean split = form == Form.DLINEAR;
    linear = child(split ? "Linear_Seasonal" : "Linear", new Linear(window, horizon));
    trend = split ? child("Linear_Trend", new Linear(window, horizon)) : null;
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
    NDArray rows = x.transpose(0, 2, 1); // (B, channels, window)
    if (form == Form.NLINEAR) {
      NDArray last = rows.get(":, :, -1:");
      return linear.forward(pass, rows.sub(last)).add(last).transpose(0, 2, 1);
    }
    NDArray slow = movingMean(rows);
    NDArray y = trend.forward(pass, slow).add(linear.forward(pass, rows.sub(slow)));
    return y.transpose(0, 2, 1);
  }

  /** The mean over {@link #KERNEL} neighbours along the last axis. */
  private static NDArray movingMean(NDArray rows) {
    long half = (KERNEL - 1) / 2;
    NDArray padded =
        Tensors.concat(
            new NDList(
                rows.get(":, :, :1").repeat(2, half + 1),
                rows,
                rows.get(":, :, -1:").repeat(2, half)),
            2);
    NDArray sums = padded.cumSum(2);
    return Arithmetic.times(
        sums.get(":, :, {}:", KERNEL).sub(sums.get(":, :, :{}", -KERNEL)), 1.0 / KERNEL);
  }
}
