package org.attentionzoo.models.papers.cab;

/**
 * A forecaster in which an attention is tried in the noncausal cross pattern.
 *
 * @param window how many rows it sees
 * @param horizon how many rows it forecasts
 * @param channels how many series a row has
 * @param width the size of the hidden states
 * @param layers how many layers have the attention
 * @param hidden the inner size of the feed-forward networks
 * @param heads the number of heads
 * @param mixer the name of the attention, for example {@code cab-abc}
 */
public record PatternForecasterConfig(
    int window,
    int horizon,
    int channels,
    int width,
    int layers,
    int hidden,
    int heads,
    String mixer) {}
