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
   * Where the tensors come from, for messages.
   *
   * @return for example a file's path
   */
  String origin();
}
