package org.attentionzoo.blocks.papers.deberta;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;

/**
 * The masked language model's output: LayerNorm(activation(dense(h))) E^T + bias, with the word
 * embeddings E.
 *
 * <p>State dict: {@code dense}, {@code LayerNorm}, {@code bias} (vocabulary).
 */
public final class DebertaPredictionHead extends UnaryBlock {

  private final DebertaConfig config;
  private final Parameter words;
  private final Parameter bias;
  private final Linear dense;
  private final LayerNorm norm;

  /**
   * A head.
   *
   * @param vocabulary the number of tokens
   * @param config sizes and switches
   * @param words the (vocabulary, table width) parameter of the embeddings
   */
  public DebertaPredictionHead(int vocabulary, DebertaConfig config, Parameter words) {
    this.config = config;
    this.words = words;
    bias = parameter("bias", Initializers.constant(0), vocabulary);
    dense = child("dense", DebertaLayer.dense(config.width(), config.tableWidth(), config));
    norm = child("LayerNorm", new LayerNorm(config.tableWidth(), config.layerNormEpsilon()));
  }

  /**
   * Scores all tokens.
   *
   * @param pass what the pass carries
   * @param hidden (..., D)
   * @return (..., vocabulary)
   */
  @Override
  public NDArray forward(Pass pass, NDArray hidden) {
    NDArray inner = config.activation().apply(dense.forward(pass, hidden));
    NDArray normal = norm.forward(pass, inner);
    return Linear.project(pass, normal, pass.value(words, normal), pass.value(bias, normal));
  }
}
