package org.attentionzoo.blocks.papers.deberta;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Parameter;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.ModuleList;

/**
 * DeBERTa's layers, which share one table of relative positions; in version 2 with a convolution
 * after the first.
 *
 * <p>State dict: {@code layer.N}, {@code rel_embeddings.weight} (2 S, D), {@code LayerNorm} (of the
 * table), {@code conv}.
 */
public final class DebertaEncoder extends MixerBlock {

  private final ModuleList<DebertaLayer> layers;
  private final LogBucketRelativePosition positions;
  private final Rows rows;
  private final LayerNorm norm;
  private final DebertaConvolution convolution;

  /** The table of relative positions. */
  private static final class Rows extends ZooBlock {
    final Parameter weight;

    Rows(int rows, int width, double deviation) {
      weight = parameter("weight", Initializers.normal(deviation), rows, width);
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      throw new UnsupportedOperationException("the encoder reads its table itself");
    }
  }

  /**
   * An encoder.
   *
   * @param config its sizes and switches
   */
  public DebertaEncoder(DebertaConfig config) {
    List<DebertaLayer> all = new ArrayList<>();
    for (int i = 0; i < config.layers(); i++) {
      all.add(new DebertaLayer(config));
    }
    layers = child("layer", new ModuleList<>(all));
    positions = config.relativeAttention() ? config.relativePosition() : null;
    rows =
        positions == null
            ? null
            : child(
                "rel_embeddings",
                new Rows(2 * positions.span(), config.width(), config.initializerRange()));
    norm =
        config.normalizeRelative()
            ? child("LayerNorm", new LayerNorm(config.width(), config.layerNormEpsilon()))
            : null;
    convolution =
        config.convolutionKernel() > 0 ? child("conv", new DebertaConvolution(config)) : null;
  }

  /**
   * The relative positions of sequences of a length.
   *
   * @param pass what the pass carries
   * @param hidden (B, L, D)
   * @return the rows that the length can reach and the row for each query and key; null without
   *     relative attention
   */
  public DisentangledSelfAttention.Relative relative(Pass pass, NDArray hidden) {
    if (positions == null) {
      return null;
    }
    long length = hidden.getShape().get(1);
    // A recorded graph has one form for all lengths, so it reads the whole table.
    int reach = pass.kernels(hidden) ? positions.reach(length) : positions.span();
    int span = positions.span();
    NDArray table = pass.value(rows.weight, hidden).get("{}:{}", span - reach, span + reach);
    table.attach(hidden.getManager());
    return new DisentangledSelfAttention.Relative(
        norm == null ? table : norm.forward(pass, table), positions.index(hidden, length, reach));
  }

  /**
   * Runs all layers.
   *
   * @param pass what the pass carries
   * @param embedded (B, L, D)
   * @param valid (B, L) boolean, false where padded, or which keys each query sees, as of {@link
   *     DisentangledSelfAttention#attend}; null if nothing is padded
   * @return each layer's output, (B, L, D)
   */
  public NDList encode(Pass pass, NDArray embedded, NDArray valid) {
    return encode(pass, embedded, valid, relative(pass, embedded), layers.size());
  }

  /** Runs the first layers. */
  NDList encode(
      Pass pass,
      NDArray embedded,
      NDArray valid,
      DisentangledSelfAttention.Relative relative,
      int depth) {
    NDList outputs = new NDList();
    NDArray visible = DisentangledSelfAttention.visible(valid);
    NDArray hidden = embedded;
    for (int i = 0; i < depth; i++) {
      DebertaLayer layer = layers.get(i);
      boolean first = i == 0;
      hidden =
          pass.segment(
              hidden,
              (inner, x) -> {
                // What a repeated layer reads from outside has no gradient.
                DisentangledSelfAttention.Relative own =
                    inner.isRepeated() ? relative(inner, x) : relative;
                NDArray output = layer.transform(inner, x, null, visible, own);
                return first && convolution != null ? convolve(inner, x, output, valid) : output;
              });
      outputs.add(hidden);
    }
    return outputs;
  }

  private NDArray convolve(Pass pass, NDArray embedded, NDArray hidden, NDArray valid) {
    NDList seen = new NDList(embedded, hidden);
    if (valid != null) {
      seen.add(DisentangledSelfAttention.tokens(valid));
    }
    return convolution.forward(pass, seen).head();
  }

  /** The number of layers. */
  int depth() {
    return layers.size();
  }

  /** The layer that the mask decoder runs again. */
  DebertaLayer last() {
    return layers.get(layers.size() - 1);
  }

  /**
   * Runs all layers.
   *
   * @param pass what the pass carries; a cache is not used, since every layer sees the whole
   *     sequence
   * @param hidden (B, L, D)
   * @param sequences padding; their positions are not used
   * @return (B, L, D), the last layer's output
   */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    // the convolution reads what goes in, which DeBERTa's embeddings leave zero where padded
    NDArray embedded = DebertaEmbeddings.masked(hidden, sequences.valid());
    NDList outputs = encode(pass, embedded, sequences.valid());
    return outputs.get(outputs.size() - 1);
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return false;
  }
}
