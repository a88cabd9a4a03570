package org.attentionzoo.blocks.shells;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.Pass;

/** The token that stands for a whole example, before all others. */
final class ClassToken {

  private ClassToken() {}

  /** From a token (1, 1, width) and others (B, L, width) to (B, L + 1, width). */
  static NDArray before(Pass pass, Parameter token, NDArray tokens) {
    Shape shape = tokens.getShape();
    NDArray first = pass.value(token, tokens).broadcast(new Shape(shape.get(0), 1, shape.get(2)));
    // What is made of a parameter would live as long as the parameter.
    first.attach(tokens.getManager());
    return first.concat(tokens, 1);
  }
}
