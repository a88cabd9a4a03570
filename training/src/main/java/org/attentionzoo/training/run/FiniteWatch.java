package org.attentionzoo.training.run;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.ZooBlock;

/**
 * Finds where a forward pass first makes a value that is NaN or positively infinite (masks are full
 * of negative infinities). Each time a layer asks for a parameter, everything that the pass has
 * made so far is looked at: what is new and broken came after the parameter before.
 *
 * <p>Much slower than a plain store: for a pass that is known to break. For one thread.
 */
final class FiniteWatch extends ParameterStore {

  private final NDManager scope;
  private final Map<String, String> names = new HashMap<>();
  private final Set<NDArray> seen = Collections.newSetFromMap(new IdentityHashMap<>());
  private String layer;
  private String broken;

  /**
   * Watches one pass.
   *
   * @param model the model
   * @param scope what the pass's values belong to; nothing else does
   */
  FiniteWatch(ZooBlock model, NDManager scope) {
    super(scope, false);
    this.scope = scope;
    StateDict.of(model).forEach((name, parameter) -> names.put(parameter.getId(), name));
  }

  /** {@inheritDoc} */
  @Override
  public NDArray getValue(Parameter parameter, Device device, boolean training) {
    look();
    String name = names.getOrDefault(parameter.getId(), parameter.getName());
    int dot = name.lastIndexOf('.');
    layer = dot < 0 ? name : name.substring(0, dot);
    NDArray value = super.getValue(parameter, device, training);
    if (broken == null && isBroken(value)) {
      broken = "the weight '" + name + "'";
    }
    return value;
  }

  /**
   * Where it broke, once the pass has ended.
   *
   * @return a phrase such as {@code the output of layer 'layers.1.attention'}; empty if all that
   *     still exists is finite
   */
  Optional<String> place() {
    look();
    return Optional.ofNullable(broken);
  }

  private void look() {
    if (broken != null) {
      return;
    }
    for (NDArray array : scope.getManagedArrays()) {
      if (!array.isReleased() && seen.add(array) && isBroken(array)) {
        broken = layer == null ? "the input" : "the output of layer '" + layer + "'";
        return;
      }
    }
  }

  private static boolean isBroken(NDArray array) {
    if (!array.getDataType().isFloating() || array.size() == 0) {
      return false;
    }
    try (NDManager temporary = array.getManager().newSubManager()) {
      NDArray detached = array.stopGradient();
      detached.attach(temporary);
      // NaN is carried along by the maximum.
      return !(Scalars.read(detached.max()) < Double.POSITIVE_INFINITY);
    }
  }
}
