package org.attentionzoo.models.papers.hyperattention;

import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.papers.hyperattention.HyperAttentionConfig;
import org.attentionzoo.blocks.positions.Rotary;
import org.attentionzoo.blocks.shells.DecoderConfig;
import org.attentionzoo.blocks.sparse.AngularHash;

/**
 * A decoder in some of whose layers attention is estimated. What it has in common with the decoder
 * of the {@code transformer} paper has the same name, and its weights have the same names and
 * shapes.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param hidden the inner size of the feed-forward networks
 * @param tied whether the output projection is the embedding's table
 * @param dropout the rate on embeddings and residual branches
 * @param heads the number of heads
 * @param rotaryBase the base of the rotary frequencies
 * @param patch which layers estimate
 * @param patchedLayers how many, if {@code patch} counts from an end; -1 for all
 * @param projections the number of bits of a hash; 0 sorts nothing
 * @param block how many neighbours in the order of hashes see each other; 0 for none
 * @param samples how many keys stand for those outside of a block; 0 for none
 * @param minimumLength up to which length attention is exact
 * @param masked whether what the official code counts twice is hidden
 * @param visit the order of the hashes
 * @param seed decides directions and samples, others in each layer
 */
public record HyperDecoderConfig(
    int vocabulary,
    int width,
    int layers,
    int hidden,
    boolean tied,
    double dropout,
    int heads,
    double rotaryBase,
    Patch patch,
    int patchedLayers,
    int projections,
    int block,
    int samples,
    int minimumLength,
    boolean masked,
    AngularHash.Visit visit,
    long seed) {

  /** Which layers estimate, as the official code names them. */
  public enum Patch {
    /** So many from the end. */
    LAST,
    /** So many from the start. */
    FIRST,
    /** Layers 1, 3, 5, ..., counted from 0. */
    ODD,
    /** Layers 0, 2, 4, ... */
    EVEN
  }

  /** Checks the layers. */
  public HyperDecoderConfig {
    if (patchedLayers < -1 || patchedLayers > layers) {
      throw new IllegalArgumentException(
          "patchedLayers is " + patchedLayers + "; expected -1 for all, or 0 to " + layers);
    }
  }

  boolean estimates(int layer) {
    int count = patchedLayers < 0 ? layers : patchedLayers;
    return switch (patch) {
      case LAST -> layer >= layers - count;
      case FIRST -> layer < count;
      case ODD -> layer % 2 == 1;
      case EVEN -> layer % 2 == 0;
    };
  }

  HyperAttentionConfig hyper(int layer) {
    return new HyperAttentionConfig(
        projections, block, samples, minimumLength, masked, visit, seed * layers + layer);
  }

  AttentionConfig attention() {
    return AttentionConfig.causal(width, heads, new Rotary(Rotary.Layout.HALF, rotaryBase));
  }

  DecoderConfig decoder() {
    return new DecoderConfig(vocabulary, width, layers, hidden, tied, dropout);
  }
}
