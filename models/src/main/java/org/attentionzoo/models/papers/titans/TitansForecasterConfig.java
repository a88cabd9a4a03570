package org.attentionzoo.models.papers.titans;

/**
 * Titans as a forecaster over patches.
 *
 * @param window how many values it sees; a multiple of the stride
 * @param horizon how many values it forecasts
 * @param channels how many series there are beside each other
 * @param patch how many values make a token; a multiple of the stride
 * @param stride from where one token begins to where the next one does
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param heads the number of attention heads, and of memories that share the width
 * @param hidden the inner size of the feed-forward networks
 * @param dropout the rate on tokens and residual branches
 * @param span the segment of memory-as-context, the window of the others
 * @param persistent the number of persistent tokens
 * @param memoryDepth the number of layers of the memory network
 * @param chunkSize for how many tokens gradients are taken at the same memory
 * @param maximumRate the largest learning rate of the memory
 * @param silent whether the memory says nothing but zeros: the control of claims about it
 */
public record TitansForecasterConfig(
    int window,
    int horizon,
    int channels,
    int patch,
    int stride,
    int width,
    int layers,
    int heads,
    int hidden,
    double dropout,
    int span,
    int persistent,
    int memoryDepth,
    int chunkSize,
    double maximumRate,
    boolean silent) {}
