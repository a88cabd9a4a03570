package org.attentionzoo.models.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.attentionzoo.blocks.StateDict;

/** Saves the parameters and buffers of a block tree under the names of its state dict. */
public final class StateDictSaver {

  private StateDictSaver() {}

  /**
   * Saves a model. A tied parameter is written once, under the first of its names.
   *
   * @param root the model, initialised
   * @param file the safetensors file, replaced if it exists
   * @param metadata the file's own strings
   * @throws IOException if writing fails; the file is then as it was
   */
  public static void save(Block root, Path file, Map<String, String> metadata) throws IOException {
    SafetensorsWriter.write(file, arrays(root), metadata);
  }

  /**
   * The arrays of a model, a tied parameter once, under the first of its names.
   *
   * @param root the model, initialised
   * @return by name; the model's own arrays, not copies
   */
  public static Map<String, NDArray> arrays(Block root) {
    Map<String, NDArray> arrays = new LinkedHashMap<>();
    Set<String> seen = new HashSet<>();
    for (Map.Entry<String, Parameter> entry : StateDict.of(root).entrySet()) {
      if (seen.add(entry.getValue().getId())) {
        arrays.put(entry.getKey(), entry.getValue().getArray());
      }
    }
    return arrays;
  }
}
