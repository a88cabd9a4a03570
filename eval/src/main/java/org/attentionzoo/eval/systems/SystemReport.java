package org.attentionzoo.eval.systems;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.systems.DynamicalSystem;
import org.attentionzoo.blocks.systems.TimeVaryingSystem;

/**
 * What is found of a mixer that tells its matrices, on random hidden states: whether the layer, the
 * recurrence from its matrices and its dense kernel give the same, how its states decay, and how
 * large they are.
 *
 * @param block where it is in its model, for example {@code layers.0.sequence_mixer}
 * @param largest the largest magnitude of the layer's outputs
 * @param recurrence the largest difference between the layer and the recurrence
 * @param kernel the largest difference between the layer and the dense kernel times the signal
 * @param leak the largest magnitude of the kernel above its diagonal
 * @param decay the transitions after the first place, which are the system's eigenvalues
 * @param expansion n, how many numbers a channel's state has
 * @param state how many numbers the state of one sequence has
 */
public record SystemReport(
    String block,
    double largest,
    double recurrence,
    double kernel,
    double leak,
    Decay decay,
    long expansion,
    long state) {

  /** The forms may differ by this share of the largest output. */
  public static final double TOLERANCE = 1e-4;

  private static final int BATCH = 2;

  /**
   * Eigenvalues. One of 1 forgets nothing, one of 0 all; above 1 the state grows.
   *
   * @param smallest the least
   * @param median the middle one
   * @param largest the greatest
   * @param growing the share of those above 1
   * @param halfLife after how many tokens half is left at the median; infinite from 1 on
   */
  public record Decay(
      double smallest, double median, double largest, double growing, double halfLife) {}

  /**
   * Whether the three forms agree and nothing comes from later tokens.
   *
   * @return true if so, within {@link #TOLERANCE}
   */
  public boolean holds() {
    return recurrence <= TOLERANCE * largest && kernel <= TOLERANCE * largest && leak == 0;
  }

  /**
   * The mixers of a model that tell their matrices.
   *
   * @param model any model
   * @return by their place in it; empty if there are none
   */
  public static Map<String, DynamicalSystem> systems(Block model) {
    Map<String, DynamicalSystem> found = new LinkedHashMap<>();
    StateDict.blocks(model)
        .forEach(
            (place, block) -> {
              if (block instanceof DynamicalSystem system) {
                found.put(place, system);
              }
            });
    return found;
  }

  /**
   * Examines the mixers of a model.
   *
   * @param model initialised
   * @param manager owns what is made
   * @param type the type of the model's parameters
   * @param length how many tokens
   * @param seed of the hidden states
   * @return a report for each mixer that tells its matrices
   */
  public static List<SystemReport> of(
      Block model, NDManager manager, DataType type, int length, long seed) {
    List<SystemReport> reports = new ArrayList<>();
    systems(model)
        .forEach(
            (place, mixer) -> {
              try (NDManager scope = manager.newSubManager();
                  GradientMode ignored = GradientMode.off()) {
                JniUtils.setSeed(seed);
                NDArray hidden =
                    scope.randomNormal(new Shape(BATCH, length, mixer.width())).toType(type, false);
                reports.add(of(place, mixer, hidden));
              }
            });
    return reports;
  }

  private static SystemReport of(String place, DynamicalSystem mixer, NDArray hidden) {
    Pass pass = Pass.inference(new ParameterStore(hidden.getManager(), false));
    NDArray layer = mixer.inner(pass, hidden);
    TimeVaryingSystem system = mixer.system(pass, hidden);
    NDArray kernel = system.kernel();
    Shape shape = layer.getShape();
    long length = shape.get(1);
    double leak = 0;
    if (length > 1) {
      NDArray index = hidden.getManager().arange((int) length).toDevice(hidden.getDevice(), false);
      NDArray above =
          index.expandDims(0).gt(index.expandDims(1)).toType(kernel.getDataType(), false);
      leak = number(kernel.mul(above).abs().max());
    }
    NDArray signal = system.signal().transpose(0, 2, 1).expandDims(3);
    NDArray applied = kernel.matMul(signal).squeeze(3).transpose(0, 2, 1);
    return new SystemReport(
        place,
        number(layer.abs().max()),
        number(layer.sub(system.recur()).abs().max()),
        number(layer.sub(applied).abs().max()),
        leak,
        decay(system.transition()),
        system.expansion(),
        system.expansion() * shape.get(2));
  }

  /** The first transition meets an empty state. */
  private static Decay decay(NDArray transition) {
    NDArray later = transition.getShape().get(1) > 1 ? transition.get(":, 1:") : transition;
    double[] all = later.toType(DataType.FLOAT64, false).flatten().toDoubleArray();
    Arrays.sort(all);
    double median = all[all.length / 2];
    long growing = Arrays.stream(all).filter(x -> x > 1).count();
    double halfLife =
        median >= 1 ? Double.POSITIVE_INFINITY : Math.log(0.5) / Math.log(Math.max(median, 1e-300));
    return new Decay(all[0], median, all[all.length - 1], (double) growing / all.length, halfLife);
  }

  private static double number(NDArray x) {
    return x.toType(DataType.FLOAT64, false).getDouble();
  }
}
