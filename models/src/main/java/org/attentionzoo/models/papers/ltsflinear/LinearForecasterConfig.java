package org.attentionzoo.models.papers.ltsflinear;

import org.attentionzoo.blocks.Limits;

/**
 * A linear forecaster.
 *
 * @param window how many values it sees
 * @param horizon how many values it forecasts
 * @param channels how many series there are beside each other
 */
public record LinearForecasterConfig(int window, int horizon, int channels) {

  /** Checks the values. */
  public LinearForecasterConfig {
    Limits.positive("window", window);
    Limits.positive("horizon", horizon);
    Limits.positive("channels", channels);
  }
}
