package org.attentionzoo.blocks.papers.titans;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Activation;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.RmsNorm;

/**
 * How Titans joins attention y and memory m (the operator written as a circled times in equations
 * 25 and 28): both are normalised with learned vectors, then one is multiplied by a sigmoid of the
 * other. The paper leaves open which; here it is done both ways and added, so that neither is lost
 * where the other says nothing: n(y) sigmoid(n(m)) + n(m) sigmoid(n(y)).
 *
 * <p>State dict: {@code attention_norm}, {@code memory_norm}, {@code o_proj}.
 */
final class NonlinearGate extends ZooBlock {

  private final RmsNorm attentionNorm;
  private final RmsNorm memoryNorm;
  private final Linear output;

  NonlinearGate(int width) {
    attentionNorm = child("attention_norm", new RmsNorm(width));
    memoryNorm = child("memory_norm", new RmsNorm(width));
    output = child("o_proj", new Linear(width, width, false));
  }

  /** (B, L, width) twice to (B, L, width). */
  NDArray join(Pass pass, NDArray attention, NDArray memory) {
    NDArray y = attentionNorm.forward(pass, attention);
    NDArray m = memoryNorm.forward(pass, memory);
    NDArray joined = y.mul(Activation.sigmoid(m)).add(m.mul(Activation.sigmoid(y)));
    return output.forward(pass, joined);
  }

  @Override
  public NDList forward(Pass pass, NDList inputs) {
    return new NDList(join(pass, inputs.get(0), inputs.get(1)));
  }
}
