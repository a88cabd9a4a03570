package org.attentionzoo.blocks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
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
   * A remembered tensor for use in a pass: what is computed from it belongs to the pass.
   *
   * @param name its name
   * @param like an activation of the pass
   * @return a view, or null if no tensor of that name was put
   */
  public NDArray borrow(String name, NDArray like) {
    NDArray remembered = tensors.get(name);
    if (remembered == null) {
      return null;
    }
    NDArray view = remembered.stopGradient();
    view.attach(like.getManager());
    return view;
  }

  /**
   * A remembered list of tensors for use in a pass.
   *
   * @param name its name
   * @param like an activation of the pass
   * @return views, in order; empty if no list of that name was put
   */
  public NDList borrowAll(String name, NDArray like) {
    NDList list = new NDList();
    for (int i = 0; tensors.containsKey(name + "." + i); i++) {
      list.add(borrow(name + "." + i, like));
    }
    return list;
  }

  /**
   * Remembers a list of tensors in place of the one of that name; see {@link #put}.
   *
   * @param name its name
   * @param list the tensors
   */
  public void putAll(String name, NDList list) {
    for (int i = 0; i < list.size(); i++) {
      put(name + "." + i, list.get(i));
    }
  }

  /**
   * Remembers a tensor in place of the one of that name, which is closed.
   *
   * @param name its name
   * @param tensor the tensor; it is copied, so that the caller's may be a view and may be closed
   */
  public void put(String name, NDArray tensor) {
    NDArray copy = tensor.stopGradient().duplicate();
    copy.attach(manager);
    NDArray old = tensors.put(name, copy);
    if (old != null) {
      old.close();
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
