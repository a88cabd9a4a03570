package org.attentionzoo.blocks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What one block remembers of the sequences that are being decoded: tensors and counters by name.
 * Owned by a {@link DecodeCache}; for one thread.
 */
public final class DecodeState {

  private final NDManager manager;
  private final Map<String, NDArray> tensors = new LinkedHashMap<>();
  private final Map<String, Long> counters = new LinkedHashMap<>();

  DecodeState(NDManager manager) {
    this.manager = manager;
  }

  /**
   * A remembered tensor.
   *
   * @param name its name
   * @return the tensor, or null if none was put
   */
  public NDArray get(String name) {
    return tensors.get(name);
  }

  /**
   * Remembers a tensor in place of the one of that name, which is closed.
   *
   * @param name its name
   * @param tensor the tensor; from now on it belongs to the cache
   */
  public void put(String name, NDArray tensor) {
    NDArray old = tensors.put(name, tensor);
    if (old != tensor) {
      tensor.attach(manager);
      if (old != null) {
        old.close();
      }
    }
  }

  /**
   * Forgets a tensor.
   *
   * @param name its name
   */
  public void remove(String name) {
    NDArray old = tensors.remove(name);
    if (old != null) {
      old.close();
    }
  }

  /**
   * A counter.
   *
   * @param name its name
   * @return its value, 0 at first
   */
  public long count(String name) {
    return counters.getOrDefault(name, 0L);
  }

  /**
   * Sets a counter.
   *
   * @param name its name
   * @param value its value
   */
  public void setCount(String name, long value) {
    counters.put(name, value);
  }

  /**
   * The size of what is remembered.
   *
   * @return bytes of all tensors
   */
  public long bytes() {
    long bytes = 0;
    for (NDArray tensor : tensors.values()) {
      bytes += tensor.size() * tensor.getDataType().getNumOfBytes();
    }
    return bytes;
  }
}
