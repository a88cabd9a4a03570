package org.attentionzoo.models.papers.transformer;

/**
 * The decoder in which mixers are compared.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param hidden the inner size of the feed-forward networks
 * @param tied whether the output projection is the embedding's table
 * @param dropout the rate on embeddings and residual branches
 * @param heads the number of heads of mixers that have any
 * @param mixer the name of the mixer of every layer; several, joined by {@code +}, take turns
 */
public record MixerDecoderConfig(
    int vocabulary,
    int width,
    int layers,
    int hidden,
    boolean tied,
    double dropout,
    int heads,
    String mixer) {}
