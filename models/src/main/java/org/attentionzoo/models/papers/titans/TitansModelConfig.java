package org.attentionzoo.models.papers.titans;

import org.attentionzoo.blocks.papers.titans.NeuralMemoryConfig;
import org.attentionzoo.blocks.papers.titans.TitansConfig;
import org.attentionzoo.blocks.shells.DecoderConfig;

/**
 * A Titans decoder language model.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param hidden the inner size of the feed-forward networks
 * @param tied whether the output projection is the embedding's table
 * @param dropout the rate on embeddings and residual branches
 * @param heads the number of attention heads
 * @param span the segment of memory-as-context, the window of the other variants
 * @param persistent the number of persistent tokens
 * @param memoryHeads how many memories share the width
 * @param memoryDepth the number of layers of the memory network
 * @param memoryExpansion the inner size of the memory network as a multiple of its input's
 * @param chunkSize for how many tokens gradients are taken at the same memory
 * @param maximumRate the largest learning rate of the memory
 * @param maximumGradientNorm how long a token's gradient can be in the memory; 0 for no limit
 * @param momentum whether past surprise is carried on
 * @param forgetting whether the memory decays
 * @param convolution how many positions the memory's convolutions see; 0 for none
 * @param queryKeyGain whether the memory's queries and keys have a learned gain
 * @param silent whether the memory says nothing but zeros: the control of claims about it
 * @param forgetBias where the bias of the forgetting gate starts
 * @param momentumBias where the bias of the momentum gate starts
 * @param rateBias where the bias of the learning rate starts
 */
public record TitansModelConfig(
    int vocabulary,
    int width,
    int layers,
    int hidden,
    boolean tied,
    double dropout,
    int heads,
    int span,
    int persistent,
    int memoryHeads,
    int memoryDepth,
    int memoryExpansion,
    int chunkSize,
    double maximumRate,
    double maximumGradientNorm,
    boolean momentum,
    boolean forgetting,
    int convolution,
    boolean queryKeyGain,
    boolean silent,
    double forgetBias,
    double momentumBias,
    double rateBias) {

  DecoderConfig decoder() {
    return new DecoderConfig(vocabulary, width, layers, hidden, tied, dropout);
  }

  TitansConfig mixer() {
    NeuralMemoryConfig memory =
        new NeuralMemoryConfig(
            width,
            memoryHeads,
            memoryDepth,
            memoryExpansion,
            chunkSize,
            maximumRate,
            maximumGradientNorm,
            momentum,
            forgetting,
            convolution,
            queryKeyGain,
            silent,
            forgetBias,
            momentumBias,
            rateBias);
    return new TitansConfig(memory, heads, span, persistent);
  }
}
