package org.attentionzoo.models.papers.transformer;

/**
 * A Transformer over the columns of a table.
 *
 * @param features the columns of a row
 * @param outputs the values that are predicted, or the classes
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param hidden the inner size of the feed-forward networks
 * @param dropout the rate on residual branches
 * @param heads the number of heads
 */
public record FeatureModelConfig(
    int features, int outputs, int width, int layers, int hidden, double dropout, int heads) {}
