package org.attentionzoo.blocks.papers.titans;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Initializers;

/**
 * Persistent memory (section 3.3 of the paper): learned tokens, independent of the input, in front
 * of each sequence.
 *
 * <p>State dict: {@code tokens} (count, width).
 */
final class PersistentTokens extends ZooBlock {

  private final Parameter tokens;
  private final int count;

  PersistentTokens(int count, int width) {
    this.count = count;
    tokens =
        count == 0
            ? null
            : parameter("tokens", Initializers.normal(1 / Math.sqrt(width)), count, width);
  }

  int count() {
    return count;
  }

  /** (1, count, width), attached to the activation's manager; null if there are none. */
  NDArray get(Pass pass, NDArray like) {
    if (count == 0) {
      return null;
    }
    NDArray value = pass.value(tokens, like).expandDims(0);
    value.attach(like.getManager());
    return value;
  }

  /** (B, L, width) to (B, count + L, width). */
  NDArray before(Pass pass, NDArray x) {
    Shape shape = x.getShape();
    return get(pass, x).broadcast(new Shape(shape.get(0), count, shape.get(2))).concat(x, 1);
  }

  /** (B, L) boolean to (B, count + L); null stays null. */
  NDArray before(NDArray valid) {
    return valid == null
        ? null
        : valid
            .getManager()
            .ones(new Shape(valid.getShape().get(0), count), DataType.BOOLEAN)
            .concat(valid, 1);
  }

  @Override
  public NDList forward(Pass pass, NDList inputs) {
    return new NDList(before(pass, inputs.singletonOrThrow()));
  }
}
