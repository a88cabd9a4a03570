package org.attentionzoo.blocks.papers.moh;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Conv2d;
import org.attentionzoo.blocks.layers.Conv2dConfig;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;

/**
 * The diffusion Transformer DiT (Peebles and Xie 2023) with a mixture of heads in every layer, as
 * the official {@code DiT} of MoH-DiT: patches of a noisy image, fixed sine and cosine positions,
 * and layers conditioned on the sum of a time's and a label's embedding.
 *
 * <p>State dict, with the official names: {@code pos_embed} (1, patches, width; not trained),
 * {@code x_embedder.proj}, {@code t_embedder.mlp.0} and {@code .2}, {@code
 * y_embedder.embedding_table}, {@code blocks.i}, {@code final_layer.linear} and {@code
 * final_layer.adaLN_modulation.1}. Initialised as there: Xavier uniform for all projections with
 * biases of zero, a normal of 0.02 for the embeddings of times and labels, and zero for the
 * modulations and the last projection.
 */
public final class DiffusionTransformer extends ZooBlock {

  private final DiffusionTransformerConfig config;
  private final Parameter positions;
  private final PatchEmbedding patches;
  private final TimestepEmbedding times;
  private final LabelEmbedding labels;
  private final ModuleList<DiffusionTransformerBlock> blocks;
  private final FinalLayer last;

  /**
   * A diffusion Transformer.
   *
   * @param config its sizes
   */
  public DiffusionTransformer(DiffusionTransformerConfig config) {
    this.config = config;
    int width = config.width();
    int side = config.image() / config.patch();
    positions =
        buffer(
            "pos_embed",
            (m, shape, type) -> grid(width, side, m, type),
            1,
            (long) side * side,
            width);
    patches = child("x_embedder", new PatchEmbedding(config));
    times = child("t_embedder", new TimestepEmbedding(width));
    labels =
        child("y_embedder", new LabelEmbedding(config.classes(), width, config.labelDropout()));
    List<DiffusionTransformerBlock> layers = new ArrayList<>();
    for (int i = 0; i < config.depth(); i++) {
      MohConfig attention = config.attention(i);
      layers.add(
          new DiffusionTransformerBlock(
              width,
              config.hidden(),
              config.isMixture()
                  ? new MixtureOfHeadAttention(attention)
                  : MixtureOfHeadAttention.withoutRouter(attention)));
    }
    blocks = child("blocks", new ModuleList<>(layers));
    last = child("final_layer", new FinalLayer(config));
    useOfficialInitializers();
  }

  private void useOfficialInitializers() {
    Initializer zero = Initializers.constant(0);
    StateDict.of(this)
        .forEach(
            (name, parameter) -> {
              if (!parameter.requiresGradient()) {
                return;
              }
              boolean starts = name.contains("adaLN_modulation") || name.contains("final_layer");
              if (starts || name.endsWith("bias")) {
                parameter.setInitializer(zero);
              } else if (name.startsWith("t_embedder") || name.startsWith("y_embedder")) {
                parameter.setInitializer(Initializers.normal(0.02));
              } else {
                long out = parameter.getShape().get(0);
                long in = parameter.getShape().size() / out;
                parameter.setInitializer(Initializers.xavierUniform(in, out));
              }
            });
  }

  /**
   * Predicts the noise.
   *
   * @param pass what the pass carries; training replaces labels at random
   * @param inputs noisy images (B, channels, image, image), times (B) of any number type, labels
   *     (B) int64, of which {@code classes} means "none" if there is label dropout
   * @return (B, channels, image, image), or twice the channels with a learned variance
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray image = inputs.get(0);
    NDArray x = patches.forward(pass, image).add(pass.value(positions, image));
    NDArray time = inputs.get(1).toType(image.getDataType(), false);
    NDArray label = inputs.get(2).toType(DataType.INT64, false);
    NDArray condition = pass.shared(times.forward(pass, time).add(labels.forward(pass, label)));
    for (DiffusionTransformerBlock block : blocks) {
      x = pass.segment(x, (inner, given) -> block.forward(inner, given, condition));
    }
    return new NDList(assemble(last.forward(pass, x, condition)));
  }

  /** (B, L, patch patch outputs) to images. */
  private NDArray assemble(NDArray x) {
    long batch = x.getShape().get(0);
    long patch = config.patch();
    long side = config.image() / patch;
    long outputs = outputs(config);
    return x.reshape(batch, side, side, patch, patch, outputs)
        .transpose(0, 5, 1, 3, 2, 4)
        .reshape(batch, outputs, side * patch, side * patch);
  }

  private static int outputs(DiffusionTransformerConfig config) {
    return config.learnsVariance() ? 2 * config.channels() : config.channels();
  }

  /** Sines and cosines of a quarter of the width each: first of the column, then of the row. */
  private static NDArray grid(int width, int side, NDManager manager, DataType type) {
    int quarter = width / 4;
    float[] values = new float[side * side * width];
    for (int row = 0; row < side; row++) {
      for (int column = 0; column < side; column++) {
        int at = (row * side + column) * width;
        for (int i = 0; i < quarter; i++) {
          double omega = Math.pow(10000, -i / (double) quarter);
          values[at + i] = (float) Math.sin(column * omega);
          values[at + quarter + i] = (float) Math.cos(column * omega);
          values[at + 2 * quarter + i] = (float) Math.sin(row * omega);
          values[at + 3 * quarter + i] = (float) Math.cos(row * omega);
        }
      }
    }
    try (NDArray created = manager.create(values, new Shape(1, (long) side * side, width))) {
      // What is created from Java memory dies with it: only a duplicate is libtorch's own.
      return type == DataType.FLOAT32 ? created.duplicate() : created.toType(type, true);
    }
  }

  /** timm's {@code PatchEmbed}: {@code proj}. */
  private static final class PatchEmbedding extends ZooBlock {
    private final Conv2d projection;

    PatchEmbedding(DiffusionTransformerConfig config) {
      projection =
          child(
              "proj",
              new Conv2d(
                  Conv2dConfig.of(config.channels(), config.width(), config.patch())
                      .stride(config.patch())
                      .withBias()));
    }

    NDArray forward(Pass pass, NDArray x) {
      NDArray map = projection.forward(pass, x);
      Shape shape = map.getShape();
      return map.reshape(shape.get(0), shape.get(1), -1).transpose(0, 2, 1);
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      return new NDList(forward(pass, inputs.singletonOrThrow()));
    }
  }

  /** {@code norm_final} without parameters, {@code linear}, {@code adaLN_modulation}. */
  private static final class FinalLayer extends ZooBlock {
    private final Linear linear;
    private final Modulation modulation;

    FinalLayer(DiffusionTransformerConfig config) {
      int width = config.width();
      linear =
          child(
              "linear",
              new Linear(width, (long) config.patch() * config.patch() * outputs(config)));
      modulation = child("adaLN_modulation", new Modulation(width, 2));
    }

    NDArray forward(Pass pass, NDArray x, NDArray condition) {
      NDList parts = modulation.forward(pass, condition).split(2, 2);
      return linear.forward(pass, Modulation.apply(x, parts.get(0), parts.get(1)));
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      return new NDList(forward(pass, inputs.get(0), inputs.get(1)));
    }
  }
}
