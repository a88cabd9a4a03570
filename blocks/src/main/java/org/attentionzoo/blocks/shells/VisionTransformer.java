package org.attentionzoo.blocks.shells;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import java.util.function.IntFunction;
import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;

/**
 * A Vision Transformer (Dosovitskiy et al. 2021) around any mixer: patches, a class token, learned
 * positions, encoder, classifier on the class token.
 *
 * <p>State dict: {@code patch_embed} (a linear map of flattened patches in channel, row, column
 * order), {@code cls_token} (1, 1, width), {@code pos_embed} (1, patches + 1, width), {@code
 * encoder}, {@code head}.
 */
public final class VisionTransformer extends UnaryBlock {

  private final VisionConfig config;
  private final Linear patches;
  private final Parameter classToken;
  private final Parameter positions;
  private final TransformerEncoder encoder;
  private final Linear head;

  /**
   * A classifier of images.
   *
   * @param config its sizes
   * @param mixers makes the mixer of a layer
   */
  public VisionTransformer(VisionConfig config, IntFunction<? extends Mixer> mixers) {
    this.config = config;
    int width = config.width();
    int side = config.image() / config.patch();
    Limits.positive("classes", config.classes());
    patches =
        child(
            "patch_embed",
            new Linear((long) config.channels() * config.patch() * config.patch(), width));
    classToken = parameter("cls_token", Initializers.normal(0.02), 1, 1, width);
    positions = parameter("pos_embed", Initializers.normal(0.02), 1, (long) side * side + 1, width);
    encoder =
        child(
            "encoder",
            new TransformerEncoder(
                width, config.layers(), config.hidden(), config.dropout(), mixers));
    head = child("head", new Linear(width, config.classes()));
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
    long batch = x.getShape().get(0);
    int patch = config.patch();
    long side = config.image() / patch;
    NDArray flat =
        x.reshape(batch, config.channels(), side, patch, side, patch)
            .transpose(0, 2, 4, 1, 3, 5)
            .reshape(batch, side * side, (long) config.channels() * patch * patch);
    NDArray tokens = ClassToken.before(pass, classToken, patches.forward(pass, flat));
    NDArray hidden = tokens.add(pass.value(positions, x));
    return head.forward(pass, encoder.encode(pass, hidden, Sequences.FULL).get(":, 0"));
  }
}
