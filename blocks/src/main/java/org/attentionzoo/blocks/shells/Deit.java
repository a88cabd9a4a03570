package org.attentionzoo.blocks.shells;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.attention.JointAttention;
import org.attentionzoo.blocks.layers.Conv2d;
import org.attentionzoo.blocks.layers.Conv2dConfig;
import org.attentionzoo.blocks.layers.Dropout;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;

/**
 * The Vision Transformer of timm and DeiT (Touvron et al. 2021, arXiv 2012.12877) around any mixer,
 * with the names and initial values of their code, so that networks derived from it load by name.
 * The mixer sees the class token first, then the patches row by row.
 *
 * <p>State dict: {@code cls_token} (1, 1, width), {@code pos_embed} (1, patches + 1, width), {@code
 * patch_embed.proj} (width, channels, patch, patch), {@code blocks.0.norm1}, {@code blocks.0.attn},
 * {@code blocks.0.norm2}, {@code blocks.0.mlp.fc1}, {@code blocks.0.mlp.fc2}, ..., {@code norm},
 * optionally {@code pre_logits.fc}, {@code head}. There is no stochastic depth.
 */
public final class Deit extends UnaryBlock {

  private static final double DEVIATION = 0.02;
  private static final double EPSILON = 1e-6;

  private final VisionConfig config;
  private final Parameter classToken;
  private final Parameter positions;
  private final PatchEmbed patches;
  private final ModuleList<Layer> layers;
  private final LayerNorm norm;
  private final PreLogits preLogits;
  private final Linear head;

  /**
   * A classifier of images.
   *
   * @param config its sizes; with 0 classes it returns what a classifier would see
   * @param mixers makes the mixer of a layer
   */
  public Deit(VisionConfig config, IntFunction<? extends Mixer> mixers) {
    this(config, 0, mixers);
  }

  /**
   * A classifier of images with a hidden layer before the classifier.
   *
   * @param config its sizes; with 0 classes it returns what a classifier would see
   * @param representation the hidden layer's units; 0 for none
   * @param mixers makes the mixer of a layer
   */
  public Deit(VisionConfig config, int representation, IntFunction<? extends Mixer> mixers) {
    this.config = config;
    int width = config.width();
    long side = config.image() / config.patch();
    classToken = parameter("cls_token", Initializers.normal(DEVIATION), 1, 1, width);
    positions = parameter("pos_embed", Initializers.normal(DEVIATION), 1, side * side + 1, width);
    patches = child("patch_embed", new PatchEmbed(config));
    List<Layer> all = new ArrayList<>();
    for (int layer = 0; layer < config.layers(); layer++) {
      all.add(new Layer(config, mixers.apply(layer)));
    }
    layers = child("blocks", new ModuleList<>(all));
    norm = child("norm", new LayerNorm(width, EPSILON));
    preLogits =
        representation == 0 ? null : child("pre_logits", new PreLogits(width, representation));
    int last = representation == 0 ? width : representation;
    head =
        config.classes() == 0
            ? null
            : child("head", JointAttention.projection(last, config.classes(), true));
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
    NDArray tokens = ClassToken.before(pass, classToken, patches.forward(pass, x));
    NDArray hidden = tokens.add(pass.value(positions, x));
    hidden = Dropout.apply(pass, hidden, config.dropout());
    for (Layer layer : layers) {
      hidden = pass.segment(hidden, layer::forward);
    }
    NDArray summary = norm.forward(pass, hidden).get(":, 0");
    if (preLogits != null) {
      summary = preLogits.forward(pass, summary);
    }
    return head == null ? summary : head.forward(pass, summary);
  }

  /** A convolution whose windows do not overlap. */
  private static final class PatchEmbed extends UnaryBlock {

    private final Conv2d projection;

    PatchEmbed(VisionConfig config) {
      int patch = config.patch();
      projection =
          child(
              "proj",
              new Conv2d(
                  Conv2dConfig.of(config.channels(), config.width(), patch)
                      .stride(patch)
                      .withBias()));
    }

    /** (B, channels, image, image) to (B, patches, width). */
    @Override
    public NDArray forward(Pass pass, NDArray x) {
      NDArray map = projection.forward(pass, x);
      Shape shape = map.getShape();
      return map.reshape(shape.get(0), shape.get(1), shape.get(2) * shape.get(3))
          .transpose(0, 2, 1);
    }
  }

  /** x + attn(norm1(x)), then x + mlp(norm2(x)). */
  private static final class Layer extends UnaryBlock {

    private final LayerNorm norm1;
    private final Mixer mixer;
    private final LayerNorm norm2;
    private final Mlp mlp;
    private final double dropout;

    Layer(VisionConfig config, Mixer mixer) {
      norm1 = child("norm1", new LayerNorm(config.width(), EPSILON));
      this.mixer = child("attn", mixer);
      norm2 = child("norm2", new LayerNorm(config.width(), EPSILON));
      mlp = child("mlp", new Mlp(config.width(), config.hidden(), config.dropout()));
      dropout = config.dropout();
    }

    /** (B, L, width) to the same. */
    @Override
    public NDArray forward(Pass pass, NDArray x) {
      NDArray mixed = mixer.mix(pass, norm1.forward(pass, x), Sequences.FULL);
      NDArray middle = x.add(Dropout.apply(pass, mixed, dropout));
      NDArray transformed = mlp.forward(pass, norm2.forward(pass, middle));
      return middle.add(Dropout.apply(pass, transformed, dropout));
    }
  }

  /** W2 gelu(W1 x + b1) + b2. */
  private static final class Mlp extends UnaryBlock {

    private final Linear fc1;
    private final Linear fc2;
    private final double dropout;

    Mlp(int width, int hidden, double dropout) {
      fc1 = child("fc1", JointAttention.projection(width, hidden, true));
      fc2 = child("fc2", JointAttention.projection(hidden, width, true));
      this.dropout = dropout;
    }

    /** (..., width) to the same. */
    @Override
    public NDArray forward(Pass pass, NDArray x) {
      NDArray hidden = Activation.gelu(fc1.forward(pass, x));
      return fc2.forward(pass, Dropout.apply(pass, hidden, dropout));
    }
  }

  /** tanh(W x + b). */
  private static final class PreLogits extends UnaryBlock {

    private final Linear fc;

    PreLogits(int width, int units) {
      fc = child("fc", JointAttention.projection(width, units, true));
    }

    /** (B, width) to (B, units). */
    @Override
    public NDArray forward(Pass pass, NDArray x) {
      return Activation.tanh(fc.forward(pass, x));
    }
  }
}
