package org.attentionzoo.blocks.papers.cab;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Embedding;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.positions.Sinusoidal;

/**
 * Tokens and their places as vectors (Vaswani et al. 2017, sections 3.4 and 3.5): a row of a table
 * times the root of the width, and sinusoidal positions. State dict: {@code tokens}.
 */
final class TokenEmbedding extends ZooBlock {

  private final int width;
  private final Embedding tokens;

  TokenEmbedding(int vocabulary, int width) {
    this.width = width;
    double deviation = 1 / Math.sqrt(width);
    tokens = child("tokens", new Embedding(vocabulary, width, Initializers.normal(deviation)));
  }

  Parameter weight() {
    return tokens.weight();
  }

  /**
   * Embeds.
   *
   * @param pass what the pass carries; with a cache, positions are counted on
   * @param ids (B, L) int64
   * @param sequences padding and positions
   * @return (B, L, width)
   */
  NDArray embed(Pass pass, NDArray ids, Sequences sequences) {
    NDArray rows = tokens.forward(pass, ids);
    NDArray places = Sinusoidal.embed(sequences.positions(pass, this, rows), width);
    return Arithmetic.times(rows, Math.sqrt(width)).add(places.toType(rows.getDataType(), false));
  }

  @Override
  public NDList forward(Pass pass, NDList inputs) {
    return new NDList(embed(pass, inputs.head(), Sequences.FULL));
  }
}
