package org.attentionzoo.models.papers.patchtst;

/**
 * A Transformer that forecasts from patches.
 *
 * @param window how many values it sees; a multiple of the stride
 * @param horizon how many values it forecasts
 * @param channels how many series there are beside each other
 * @param patch how many values make a token; a multiple of the stride
 * @param stride from where one token begins to where the next one does
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param heads the number of attention heads
 * @param hidden the inner size of the feed-forward networks
 * @param dropout the rate on tokens and residual branches
 */
public record PatchTstConfig(
    int window,
    int horizon,
    int channels,
    int patch,
    int stride,
    int width,
    int layers,
    int heads,
    int hidden,
    double dropout) {}
