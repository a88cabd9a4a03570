package org.attentionzoo.blocks.shells;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import java.util.function.IntFunction;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;

/**
 * A Transformer over the columns of a table (Gorishniy et al. 2021, FT-Transformer, for numbers)
 * around any mixer: each feature is a token, its value times a vector of its own plus another; then
 * a class token, encoder, and a linear map of the class token.
 *
 * <p>State dict: {@code weight}, {@code bias} (features, width), {@code cls_token} (1, 1, width),
 * {@code encoder}, {@code head}.
 */
public final class FeatureTransformer extends UnaryBlock {

  private final Parameter weight;
  private final Parameter bias;
  private final Parameter classToken;
  private final TransformerEncoder encoder;
  private final Linear head;

  /**
   * A model of rows of numbers.
   *
   * @param config its sizes
   * @param mixers makes the mixer of a layer
   */
  public FeatureTransformer(FeatureConfig config, IntFunction<? extends Mixer> mixers) {
    int width = config.width();
    double bound = 1 / Math.sqrt(width);
    weight = parameter("weight", Initializers.uniform(bound), config.features(), width);
    bias = parameter("bias", Initializers.uniform(bound), config.features(), width);
    classToken = parameter("cls_token", Initializers.uniform(bound), 1, 1, width);
    encoder =
        child(
            "encoder",
            new TransformerEncoder(
                width, config.layers(), config.hidden(), config.dropout(), mixers));
    head = child("head", new Linear(width, config.outputs()));
  }

  /**
   * Classifies rows, or predicts values from them.
   *
   * @param pass what the pass carries
   * @param x (B, features)
   * @return (B, outputs)
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    NDArray tokens = x.expandDims(2).mul(pass.value(weight, x)).add(pass.value(bias, x));
    NDArray hidden = ClassToken.before(pass, classToken, tokens);
    return head.forward(pass, encoder.encode(pass, hidden, Sequences.FULL).get(":, 0"));
  }
}
