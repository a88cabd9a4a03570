package org.attentionzoo.blocks.papers.moh;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.initializer.Initializer;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Conv2d;
import org.attentionzoo.blocks.layers.Conv2dConfig;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;

/**
 * TransNeXt (Shi 2024), the host of the paper's classifiers, with a mixture of heads in every layer
 * (the official {@code TransNeXt} of MoH-ViT): stages of overlapping patches and pre-norm layers
 * with {@link AggregatedMixtureOfHeadAttention}, or {@link CosineMixtureOfHeadAttention} on a grid
 * where nothing is pooled, and {@link ConvolutionalGlu}; the classifier sees the mean token.
 * Without stochastic depth and dropout.
 *
 * <p>State dict, with the official names, stages counted from 1: {@code patch_embed1.proj}, {@code
 * patch_embed1.norm}, {@code block1.i.norm1}, {@code .attn}, {@code .norm2}, {@code .mlp}, {@code
 * norm1}, {@code head}. Initialised as there: a normal of 0.02 for projections, of sqrt(2 / fan
 * out) for convolutions, and zero for biases.
 */
public final class TransNext extends UnaryBlock {

  private static final double EPSILON = 1e-6;

  private final TransNextConfig config;
  private final List<PatchEmbedding> patches = new ArrayList<>();
  private final List<ModuleList<Layer>> stages = new ArrayList<>();
  private final List<LayerNorm> norms = new ArrayList<>();
  private final Linear head;

  /**
   * A classifier of images.
   *
   * @param config its sizes
   */
  public TransNext(TransNextConfig config) {
    this.config = config;
    int count = config.widths().size();
    for (int stage = 0; stage < count; stage++) {
      int name = stage + 1;
      int width = config.widths().get(stage);
      patches.add(child("patch_embed" + name, new PatchEmbedding(config, stage)));
      List<Layer> layers = new ArrayList<>();
      for (int i = 0; i < config.depths().get(stage); i++) {
        layers.add(new Layer(config, stage));
      }
      stages.add(child("block" + name, new ModuleList<>(layers)));
      norms.add(child("norm" + name, new LayerNorm(width, EPSILON)));
    }
    head = child("head", new Linear(config.widths().get(count - 1), config.classes()));
    useOfficialInitializers();
  }

  private void useOfficialInitializers() {
    Initializer zero = Initializers.constant(0);
    StateDict.of(this)
        .forEach(
            (name, parameter) -> {
              Shape shape = parameter.getShape();
              if (name.endsWith(".bias")) {
                parameter.setInitializer(zero);
              } else if (name.endsWith(".weight") && shape.dimension() == 2) {
                parameter.setInitializer(Initializers.normal(0.02));
              } else if (name.endsWith(".weight") && shape.dimension() == 4) {
                boolean depthwise = name.endsWith("dwconv.weight");
                double fanOut = shape.get(2) * shape.get(3) * (depthwise ? 1.0 : shape.get(0));
                parameter.setInitializer(Initializers.normal(Math.sqrt(2 / fanOut)));
              }
            });
  }

  /**
   * Classifies images.
   *
   * @param pass what the pass carries
   * @param x (B, channels, image, image)
   * @return logits (B, classes)
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    NDArray map = x;
    NDArray tokens = null;
    for (int stage = 0; stage < stages.size(); stage++) {
      tokens = patches.get(stage).forward(pass, map);
      for (Layer layer : stages.get(stage)) {
        tokens = pass.segment(tokens, layer::forward);
      }
      tokens = norms.get(stage).forward(pass, tokens);
      int side = config.side(stage);
      map = tokens.transpose(0, 2, 1).reshape(x.getShape().get(0), -1, side, side);
    }
    return head.forward(pass, tokens.mean(new int[] {1}));
  }

  private static Mixer mixer(TransNextConfig config, int stage) {
    MohConfig attention = config.attention(stage);
    int side = config.side(stage);
    int cell = config.cells().get(stage);
    if (cell == 1) {
      return config.isMixture()
          ? CosineMixtureOfHeadAttention.onGrid(attention, side, side)
          : CosineMixtureOfHeadAttention.onGridWithoutRouter(attention, side, side);
    }
    return config.isMixture()
        ? AggregatedMixtureOfHeadAttention.of(attention, side, side, config.window(), cell)
        : AggregatedMixtureOfHeadAttention.withoutRouter(
            attention, side, side, config.window(), cell);
  }

  /** The official {@code OverlapPatchEmbed}. */
  private static final class PatchEmbedding extends UnaryBlock {
    private final Conv2d projection;
    private final LayerNorm norm;

    PatchEmbedding(TransNextConfig config, int stage) {
      int in = stage == 0 ? config.channels() : config.widths().get(stage - 1);
      int out = config.widths().get(stage);
      int kernel = stage == 0 ? 2 * config.patch() - 1 : 3;
      projection =
          child(
              "proj",
              new Conv2d(
                  Conv2dConfig.of(in, out, kernel)
                      .stride(stage == 0 ? config.patch() : 2)
                      .padding(kernel / 2)
                      .withBias()));
      norm = child("norm", new LayerNorm(out));
    }

    @Override
    public NDArray forward(Pass pass, NDArray x) {
      NDArray map = projection.forward(pass, x);
      Shape shape = map.getShape();
      return norm.forward(pass, map.reshape(shape.get(0), shape.get(1), -1).transpose(0, 2, 1));
    }
  }

  /** The official {@code Block}. */
  private static final class Layer extends UnaryBlock {
    private final LayerNorm norm1;
    private final Mixer mixer;
    private final LayerNorm norm2;
    private final ConvolutionalGlu network;

    Layer(TransNextConfig config, int stage) {
      int width = config.widths().get(stage);
      int side = config.side(stage);
      norm1 = child("norm1", new LayerNorm(width, EPSILON));
      mixer = child("attn", mixer(config, stage));
      norm2 = child("norm2", new LayerNorm(width, EPSILON));
      int hidden = 2 * width * config.ratios().get(stage) / 3;
      network = child("mlp", new ConvolutionalGlu(width, hidden, side, side));
    }

    @Override
    public NDArray forward(Pass pass, NDArray x) {
      NDArray middle = x.add(mixer.mix(pass, norm1.forward(pass, x), Sequences.FULL));
      return middle.add(network.forward(pass, norm2.forward(pass, middle)));
    }
  }
}
