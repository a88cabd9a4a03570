package org.attentionzoo.eval.verify;

import ai.djl.ndarray.NDArray;
import java.util.AbstractMap;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The inputs of a case by name, which remembers what was read: a mask that a target ignores may
 * have no effect in one case and a large one in the next. Cannot be changed. For one thread.
 */
final class CaseInputs extends AbstractMap<String, NDArray> {

  private final Map<String, NDArray> inputs;
  private final Set<String> read = new HashSet<>();

  CaseInputs(Map<String, NDArray> inputs) {
    this.inputs = Collections.unmodifiableMap(new LinkedHashMap<>(inputs));
  }

  @Override
  public NDArray get(Object name) {
    if (inputs.containsKey(name)) {
      read.add((String) name);
    }
    return inputs.get(name);
  }

  @Override
  public boolean containsKey(Object name) {
    return inputs.containsKey(name);
  }

  @Override
  public int size() {
    return inputs.size();
  }

  @Override
  public Set<Entry<String, NDArray>> entrySet() {
    read.addAll(inputs.keySet());
    return inputs.entrySet();
  }

  /** The names of those that nobody asked for. */
  Set<String> unread() {
    Set<String> unread = new TreeSet<>(inputs.keySet());
    unread.removeAll(read);
    return unread;
  }
}
