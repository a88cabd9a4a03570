package org.attentionzoo.blocks.papers.fit;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.LayerNorm;

/**
 * FIT, the Far-reaching Interleaved Transformer (Chen and Li 2023, section 2): data tokens in
 * groups, and a few latents for each group. Each block of layers lets tokens attend within their
 * group, latents read their group's tokens, latents of all groups attend to each other, and, but
 * for the last block, tokens read their group's latents. With m latents for n tokens the cost of a
 * sequence of L is O(L n) and O((L m / n)^2), together O(L^(4/3)) for n near L^(1/3).
 *
 * <p>Position embeddings of tokens are the same in all groups, so that the latents alone know which
 * group is which.
 *
 * <p>State dict, with the official names and dots for slashes: {@code stem}, {@code stem_ln},
 * {@code stem_y} and {@code stem_y_ln} with a condition, where they are learned {@code x_pos_emb}
 * (tokens of a group, width) and {@code latent_pos_emb} (groups latents, latentWidth), {@code
 * x_network}, {@code l2x_cross_attn.cross_mha}, {@code l_network}, {@code x2l_cross_attn.cross_mha}
 * and so on with {@code _1}, {@code _2} for further blocks, {@code x_output_ln}, {@code
 * l_output_ln}; {@code gamma} and {@code beta} of norms are {@code weight} and {@code bias} here.
 */
public final class FitEncoder extends ZooBlock {

  private static final double DEVIATION = 0.02;

  private final FitConfig config;
  private final Projection stem;
  private final LayerNorm stemNorm;
  private final Projection conditionStem;
  private final LayerNorm conditionNorm;
  private final Parameter positions;
  private final Parameter latentPositions;
  private final float[] fixedPositions;
  private final float[] fixedLatentPositions;
  private final List<Stage> stages = new ArrayList<>();
  private final LayerNorm outputNorm;
  private final LayerNorm latentNorm;

  /** A block of layers; what it lacks is null. */
  private record Stage(
      FitNetwork local, FitAttention gather, FitNetwork global, FitAttention spread) {}

  /** Cross-attention under the name of its layer. */
  private static final class Crossing extends ZooBlock {
    private final FitAttention attention;

    Crossing(FitAttention attention) {
      this.attention = child("cross_mha", attention);
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      return attention.forward(pass, inputs);
    }
  }

  /**
   * An encoder.
   *
   * @param config its sizes and switches
   */
  public FitEncoder(FitConfig config) {
    this.config = config;
    int width = config.width();
    int latentWidth = config.latentWidth();
    stem = child("stem", Projection.dense(config.features(), width));
    stemNorm = child("stem_ln", new LayerNorm(width, FitAttention.EPSILON));
    boolean conditioned = config.conditionFeatures() > 0;
    conditionStem =
        conditioned ? child("stem_y", Projection.dense(config.conditionFeatures(), width)) : null;
    conditionNorm =
        conditioned ? child("stem_y_ln", new LayerNorm(width, FitAttention.EPSILON)) : null;
    fixedPositions = config.fixedPlaces();
    fixedLatentPositions = config.fixedLatentPlaces();
    positions = fixedPositions == null ? table("x_pos_emb", config.tokensPerGroup(), width) : null;
    latentPositions =
        fixedLatentPositions == null
            ? table("latent_pos_emb", (long) config.groups() * config.latents(), latentWidth)
            : null;
    List<LayerPattern.Part> parts = config.pattern().blocks();
    for (int i = 0; i < parts.size(); i++) {
      stages.add(stage(parts.get(i), FitNetwork.suffix(i), i == parts.size() - 1));
    }
    outputNorm = child("x_output_ln", new LayerNorm(width, FitAttention.EPSILON));
    latentNorm = child("l_output_ln", new LayerNorm(latentWidth, FitAttention.EPSILON));
  }

  private Parameter table(String name, long rows, long width) {
    return parameter(name, Initializers.normal(DEVIATION), rows, width);
  }

  /** (rows, width) of what is learned, or else of what is fixed. */
  private static NDArray places(
      Pass pass, NDArray like, Parameter learned, float[] fixed, int width) {
    if (learned != null) {
      return pass.value(learned, like);
    }
    return like.getManager()
        .create(fixed, new Shape(fixed.length / width, width))
        .toDevice(like.getDevice(), false)
        .toType(like.getDataType(), false);
  }

  private Stage stage(LayerPattern.Part part, String suffix, boolean last) {
    int width = config.width();
    int latentWidth = config.latentWidth();
    FitNetwork local =
        child(
            "x_network" + suffix,
            new FitNetwork(part.local(), width, config.heads(), config.ratio()));
    if (part.global() == 0) {
      return new Stage(local, null, null, null);
    }
    FitAttention gather = crossing("l2x_cross_attn" + suffix, latentWidth, width);
    FitNetwork global =
        child(
            "l_network" + suffix,
            new FitNetwork(part.global(), latentWidth, config.latentHeads(), config.ratio()));
    FitAttention spread = last ? null : crossing("x2l_cross_attn" + suffix, width, latentWidth);
    return new Stage(local, gather, global, spread);
  }

  private FitAttention crossing(String name, int width, int readWidth) {
    FitAttention attention =
        FitAttention.cross(width, readWidth, config.crossHeads(), config.crossHeadWidth());
    return child(name, new Crossing(attention)).attention;
  }

  /**
   * Encodes.
   *
   * @param pass what the pass carries
   * @param x (B, groups, tokens of a group, features)
   * @param condition (B, groups, C, conditionFeatures), put before each group's tokens; null for
   *     none
   * @return tokens (B, groups, C + tokens of a group, width) and latents (B, groups, latents,
   *     latentWidth), both normalised
   */
  public NDList encode(Pass pass, NDArray x, NDArray condition) {
    long batch = x.getShape().get(0);
    int groups = config.groups();
    int latentCount = config.latents();
    NDArray tokens =
        stemNorm
            .forward(pass, stem.forward(pass, x))
            .add(places(pass, x, positions, fixedPositions, config.width()));
    if (condition != null) {
      NDArray before = conditionNorm.forward(pass, conditionStem.forward(pass, condition));
      tokens = before.concat(tokens, 2);
    }
    long length = tokens.getShape().get(2);
    tokens = tokens.reshape(batch * groups, length, config.width());
    NDArray start =
        places(pass, x, latentPositions, fixedLatentPositions, config.latentWidth())
            .reshape(new Shape(1, (long) groups * latentCount, config.latentWidth()));
    start.attach(x.getManager());
    NDArray latents =
        start
            .broadcast(new Shape(batch, (long) groups * latentCount, config.latentWidth()))
            .reshape(batch * groups, latentCount, config.latentWidth());
    NDArray mask = config.causal() ? causalMask(x) : null;
    for (Stage stage : stages) {
      tokens = stage.local().forward(pass, tokens, null);
      if (stage.gather() == null) {
        continue;
      }
      latents = stage.gather().forward(pass, latents, tokens, null);
      latents =
          stage
              .global()
              .forward(
                  pass,
                  latents.reshape(batch, (long) groups * latentCount, config.latentWidth()),
                  mask)
              .reshape(batch * groups, latentCount, config.latentWidth());
      if (stage.spread() != null) {
        tokens = stage.spread().forward(pass, tokens, latents, null);
      }
    }
    return new NDList(
        outputNorm.forward(pass, tokens.reshape(batch, groups, length, config.width())),
        latentNorm.forward(
            pass, latents.reshape(batch, groups, latentCount, config.latentWidth())));
  }

  /** (1, 1, groups latents, groups latents) boolean: those of the own group and of earlier ones. */
  private NDArray causalMask(NDArray like) {
    NDManager manager = like.getManager();
    int count = config.groups() * config.latents();
    NDArray index = manager.arange(0, count, 1, DataType.FLOAT32, like.getDevice());
    NDArray group = Arithmetic.times(index.add(0.5), 1.0 / config.latents()).floor();
    return group.reshape(1, 1, 1, count).lte(group.reshape(1, 1, count, 1));
  }

  /**
   * Encodes.
   *
   * @param pass what the pass carries
   * @param inputs the tokens, and optionally the condition, as in {@link #encode}
   * @return tokens and latents
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    return encode(pass, inputs.get(0), inputs.size() > 1 ? inputs.get(1) : null);
  }
}
