package org.attentionzoo.blocks.papers.dhsa;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

/** The tokens on both sides of every place where a chunk could end. */
final class Windows {

  private Windows() {}

  /** (B, L, C) with w - 1 zeros before and w behind. */
  static NDArray fill(NDArray x, int window) {
    Shape shape = x.getShape();
    NDArray zeros =
        x.getManager()
            .zeros(new Shape(shape.get(0), window, shape.get(2)), x.getDataType())
            .toDevice(x.getDevice(), false);
    NDArray behind = x.concat(zeros, 1);
    return window == 1 ? behind : zeros.get(":, 1:").concat(behind, 1);
  }

  /** (B, L + 2w - 1, C) to (B L, 2w, C): for each token t those from t - w + 1 to t + w. */
  static NDArray cut(NDArray filled, int window) {
    Shape shape = filled.getShape();
    long length = shape.get(1) - 2L * window + 1;
    NDList shifted = new NDList();
    for (int s = 0; s < 2 * window; s++) {
      shifted.add(filled.get(":, {}:{}", s, s + length));
    }
    return NDArrays.stack(shifted, 2).reshape(shape.get(0) * length, 2L * window, shape.get(2));
  }
}
