package org.attentionzoo.blocks.papers.threephasetransformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Embedding;

/**
 * An embedding whose mean over all channels is 1 / (position + 1), Gabriel's horn; what is
 * orthogonal to the mean stays.
 *
 * <p>State dict: {@code token_emb.weight}, the buffer {@code horn_profile} (1, positions, 1), which
 * is kept for the official files' sake: the true position is used, also beyond it.
 */
public final class HornEmbedding extends UnaryBlock {

  private final boolean horn;
  private final Embedding tokens;

  /**
   * An embedding.
   *
   * @param vocabulary the number of tokens
   * @param width the size of the hidden states
   * @param positions the length of the official buffer
   * @param horn whether the mean is replaced; else this is a plain embedding without the buffer
   */
  public HornEmbedding(int vocabulary, int width, int positions, boolean horn) {
    this.horn = horn;
    tokens = child("token_emb", new Embedding(vocabulary, width));
    if (horn) {
      buffer(
          "horn_profile",
          (manager, shape, type) ->
              manager
                  .ones(shape, type)
                  .div(manager.arange(1f, positions + 1f, 1f).reshape(1, positions, 1)),
          1,
          positions,
          1);
    }
  }

  /**
   * Embeds whole sequences.
   *
   * @param pass what the pass carries
   * @param ids (B, L) int64
   * @return (B, L, width)
   */
  @Override
  public NDArray forward(Pass pass, NDArray ids) {
    return embed(pass, ids, Sequences.FULL);
  }

  /**
   * Embeds.
   *
   * @param pass what the pass carries; with a cache, positions count on
   * @param ids (B, L) int64
   * @param sequences padding and positions
   * @return (B, L, width)
   */
  public NDArray embed(Pass pass, NDArray ids, Sequences sequences) {
    NDArray x = tokens.forward(pass, ids);
    if (!horn) {
      return x;
    }
    NDArray places =
        sequences.positions(pass, this, x).toType(DataType.FLOAT32, false).add(1).expandDims(-1);
    NDArray profile = places.onesLike().div(places).toType(x.getDataType(), false);
    return x.sub(x.mean(new int[] {-1}, true)).add(profile);
  }
}
