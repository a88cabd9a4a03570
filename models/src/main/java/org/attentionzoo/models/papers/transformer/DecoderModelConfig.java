package org.attentionzoo.models.papers.transformer;

/**
 * A decoder language model with full or windowed attention.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param hidden the inner size of the feed-forward networks
 * @param tied whether the output projection is the embedding's table
 * @param dropout the rate on embeddings and residual branches
 * @param heads the number of query heads
 * @param keyValueHeads the number of key and value heads
 * @param window how many tokens a token sees at most; 0 for all
 * @param rotaryBase the base of the rotary frequencies; acts without a window, with one positions
 *     are linear biases
 */
public record DecoderModelConfig(
    int vocabulary,
    int width,
    int layers,
    int hidden,
    boolean tied,
    double dropout,
    int heads,
    int keyValueHeads,
    int window,
    double rotaryBase) {}
