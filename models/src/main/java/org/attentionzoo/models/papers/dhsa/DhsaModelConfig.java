package org.attentionzoo.models.papers.dhsa;

import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.papers.dhsa.DhsaConfig;
import org.attentionzoo.blocks.papers.dhsa.DhsaConfig.Method;
import org.attentionzoo.blocks.papers.dhsa.DhsaConfig.Stage;
import org.attentionzoo.blocks.papers.dhsa.PredictorConfig;
import org.attentionzoo.blocks.papers.dhsa.SelectionConfig;
import org.attentionzoo.blocks.papers.dhsa.SelectionConfig.Pooling;
import org.attentionzoo.blocks.positions.Rotary;
import org.attentionzoo.blocks.shells.DecoderConfig;

/**
 * A decoder that reads sequences sparsely. What it has in common with the decoder of the {@code
 * transformer} paper has the same name, and its weights have the same names and shapes.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param hidden the inner size of the feed-forward networks
 * @param tied whether the output projection is the embedding's table
 * @param dropout the rate on embeddings and residual branches
 * @param heads the number of query heads
 * @param keyValueHeads the number of key and value heads
 * @param rotaryBase the base of the rotary frequencies
 * @param stage whether the predictor learns
 * @param method how keys become chunks
 * @param budget how many keys a block of queries sees; shorter sequences are read densely
 * @param block the number of queries that see the same keys
 * @param reach how many tokens back a query sees at most; 0 for all
 * @param first how many of the first tokens are always seen
 * @param recent how many of the latest tokens are always seen
 * @param instruction how many tokens at the end see all; -1 for none
 * @param pooling how tokens become one vector
 * @param chunk the number of tokens of a chunk of one length
 * @param boundaryWindow how many tokens on each side of a boundary the predictor sees
 * @param predictorHidden the inner size of the predictor
 * @param predictorHeads the number of heads of the predictor
 * @param gatedPool whether the predictor weighs a window's tokens
 * @param threshold the score above which a chunk may end
 * @param chunksPerBlock how many chunks there are at most, for each whole block of queries
 * @param apart how many tokens a chunk has at least, less one
 */
public record DhsaModelConfig(
    int vocabulary,
    int width,
    int layers,
    int hidden,
    boolean tied,
    double dropout,
    int heads,
    int keyValueHeads,
    double rotaryBase,
    Stage stage,
    Method method,
    int budget,
    int block,
    int reach,
    int first,
    int recent,
    int instruction,
    Pooling pooling,
    int chunk,
    int boundaryWindow,
    int predictorHidden,
    int predictorHeads,
    boolean gatedPool,
    double threshold,
    int chunksPerBlock,
    int apart) {

  /** Checks the values. */
  public DhsaModelConfig {
    Limits.positive("heads", heads);
  }

  DecoderConfig decoder() {
    return new DecoderConfig(vocabulary, width, layers, hidden, tied, dropout);
  }

  DhsaConfig attention() {
    int channels = width / heads * keyValueHeads;
    return new DhsaConfig(
        width,
        heads,
        keyValueHeads,
        new Rotary(Rotary.Layout.HALF, rotaryBase),
        new SelectionConfig(block, budget, reach, pooling, first, recent, instruction),
        method,
        chunk,
        new PredictorConfig(
            PredictorConfig.Encoder.ATTENTION,
            channels,
            boundaryWindow,
            predictorHidden,
            predictorHeads,
            1,
            1,
            gatedPool,
            0),
        threshold,
        chunksPerBlock,
        apart,
        stage,
        1);
  }
}
