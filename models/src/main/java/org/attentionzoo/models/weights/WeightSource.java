package org.attentionzoo.models.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Map;

/** Named tensors that are read one at a time: a file, or several files that belong together. */
public interface WeightSource {

  /**
   * What there is.
   *
   * @return by name
   */
  Map<String, TensorInfo> tensors();

  /**
   * Reads one tensor.
   *
   * @param manager owns it, and says on which device it is made
   * @param name its key
   * @return a copy, of the type {@link TensorType#dataType()}
   * @throws WeightsException if there is none of that name, or the engine has no such type
   */
  NDArray read(NDManager manager, String name);

  /**
   * Reads one tensor into an array, whose type it is rounded to. The same as {@link #read} and
   * copying, but a source may spare the copy.
   *
   * @param target of the tensor's shape, contiguous
   * @param name its key
   * @throws WeightsException if there is none of that name, or the engine has no such type
   */
  default void readInto(NDArray target, String name) {
    try (NDManager scope = target.getManager().newSubManager(target.getDevice())) {
      NDArray value = read(scope, name);
      SafetensorsFile.KERNELS.call("assign_range", target, value, 0L).close();
    }
  }

  /**
   * Where the tensors come from, for messages.
   *
   * @return for example a file's path
   */
  String origin();
}
