package org.attentionzoo.blocks.papers.cmr;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Activation;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.Relu;
import org.attentionzoo.blocks.layers.Sequential;

/**
 * Blends what was reconstructed into the hidden states: a Transformer layer (norms behind) lets
 * each token see its own and earlier hidden states and its own reconstruction, and a gate says how
 * much of the result a token takes.
 *
 * <p>State dict: {@code self_attn}, {@code norm1}, {@code feed_forward}, {@code norm2}, {@code
 * gate}, {@code output_projection}.
 */
final class ContextBlender extends ZooBlock {

  private final HeadAttention attention;
  private final LayerNorm norm1;
  private final Sequential feedForward;
  private final LayerNorm norm2;
  private final Linear gate;
  private final Linear output;

  ContextBlender(CmrConfig config) {
    int width = config.width();
    attention = child("self_attn", new HeadAttention(width, config.heads()));
    norm1 = child("norm1", new LayerNorm(width));
    feedForward =
        child(
            "feed_forward",
            new Sequential(
                new Linear(width, 4L * width), new Relu(), new Linear(4L * width, width)));
    norm2 = child("norm2", new LayerNorm(width));
    gate = child("gate", new Linear(2L * width, width));
    output = child("output_projection", new Linear(width, width));
  }

  /** Hidden states and reconstructions, each (B, C, H). */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray hidden = inputs.get(0);
    return new NDList(blend(pass, hidden, inputs.get(1), Reweaver.earlier(hidden)));
  }

  /**
   * Blends.
   *
   * @param pass what the pass carries
   * @param hidden (B, C, H)
   * @param rebuilt (B, C, H)
   * @param earlier (1, 1, C, C) boolean, true where a token is not later
   * @return (B, C, H)
   */
  NDArray blend(Pass pass, NDArray hidden, NDArray rebuilt, NDArray earlier) {
    NDArray share = Activation.sigmoid(gate.forward(pass, hidden.concat(rebuilt, 2)));
    NDArray own = earlier.logicalAnd(earlier.transpose(0, 1, 3, 2));
    NDArray seen =
        attention.attend(pass, hidden, hidden.concat(rebuilt, 1), earlier.concat(own, 3));
    NDArray enhanced = norm1.forward(pass, hidden.add(seen));
    enhanced = norm2.forward(pass, enhanced.add(feedForward.forward(pass, enhanced)));
    return output.forward(pass, share.mul(enhanced).add(Tensors.oneMinus(share).mul(hidden)));
  }
}
