package org.attentionzoo.models.papers.flashbias;

import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.attention.AlibiFactors;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.AttentionParts;
import org.attentionzoo.blocks.attention.TableBias;
import org.attentionzoo.blocks.papers.flashbias.FactoredTable;
import org.attentionzoo.blocks.papers.flashbias.PlaceFactors;
import org.attentionzoo.blocks.shells.DecoderConfig;

/**
 * A decoder whose positions are a bias of attention.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param hidden the inner size of the feed-forward networks
 * @param tied whether the output projection is the embedding's table
 * @param dropout the rate on embeddings and residual branches
 * @param heads the number of heads
 * @param bias which bias, in which form
 * @param context the number of positions or distances that a learned bias tells apart
 * @param rank the rank of learned factors, or the most columns of a trained table's
 * @param energy the share of the squared values that the factors of a trained table hold
 */
public record FlashBiasConfig(
    int vocabulary,
    int width,
    int layers,
    int hidden,
    boolean tied,
    double dropout,
    int heads,
    Bias bias,
    int context,
    int rank,
    double energy) {

  /** Checks the values. */
  public FlashBiasConfig {
    Limits.positive("heads", heads);
    Limits.positive("context", context);
    Limits.notNegative("rank", rank);
  }

  /** A bias. */
  public enum Bias {
    /** Linear biases as factors of rank 2. */
    ALIBI_FACTORS,
    /** Linear biases as a whole: the baseline. */
    ALIBI,
    /** Learned factors of positions. */
    FACTORS,
    /** A learned bias for each distance, as a whole. */
    TABLE,
    /** The factors of such a bias, which is trained: start with the weights of that model. */
    TABLE_FACTORS
  }

  DecoderConfig decoder() {
    return new DecoderConfig(vocabulary, width, layers, hidden, tied, dropout);
  }

  AttentionConfig attention() {
    return new AttentionConfig(
        width, heads, heads, width / heads, false, true, 0, null, bias == Bias.ALIBI, 0);
  }

  AttentionParts parts() {
    return switch (bias) {
      case ALIBI -> AttentionParts.PLAIN;
      case ALIBI_FACTORS -> AttentionParts.biased(AlibiFactors.of(heads));
      case FACTORS -> AttentionParts.biased(new PlaceFactors(context, heads, rank));
      case TABLE -> AttentionParts.biased(TableBias.ofDistances(heads, context - 1));
      case TABLE_FACTORS -> AttentionParts.biased(new FactoredTable(heads, context, energy, rank));
    };
  }
}
