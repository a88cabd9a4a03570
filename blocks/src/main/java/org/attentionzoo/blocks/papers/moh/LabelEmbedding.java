package org.attentionzoo.blocks.papers.moh;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.types.DataType;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Embedding;
import org.attentionzoo.blocks.layers.Initializers;

/**
 * The embedding of a class label (Peebles and Xie 2023; official {@code LabelEmbedder}). Training
 * replaces labels at random by one more, "none", so that a model can also go unguided.
 *
 * <p>State dict: {@code embedding_table} (classes, or one more with dropout, width).
 */
public final class LabelEmbedding extends UnaryBlock {

  private final int classes;
  private final double dropout;
  private final Embedding table;

  /**
   * An embedding.
   *
   * @param classes the number of classes; this number itself stands for "none"
   * @param width its size
   * @param dropout the rate at which training replaces a label; without "none" if 0
   */
  public LabelEmbedding(int classes, int width, double dropout) {
    this.classes = classes;
    this.dropout = dropout;
    int rows = dropout > 0 ? classes + 1 : classes;
    table = child("embedding_table", new Embedding(rows, width, Initializers.normal(0.02)));
  }

  /**
   * Embeds labels.
   *
   * @param pass what the pass carries; training replaces labels at random
   * @param x (B) int64
   * @return (B, width)
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    NDArray labels = x.toType(DataType.INT64, false);
    if (pass.isTraining() && dropout > 0) {
      NDArray dropped =
          x.getManager()
              .randomUniform(0, 1, x.getShape(), DataType.FLOAT32)
              .toDevice(x.getDevice(), false)
              .lt(dropout);
      labels = NDArrays.where(dropped, Arithmetic.times(labels.onesLike(), classes), labels);
    }
    return table.forward(pass, labels);
  }
}
