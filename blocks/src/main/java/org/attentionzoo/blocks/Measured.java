package org.attentionzoo.blocks;

import ai.djl.ndarray.NDArray;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * A block of which there is something to tell besides the loss, such as how many of its parts act.
 * Evaluations report it for every such block of a model, under the block's name in the state dict.
 */
public interface Measured {

  /**
   * What is to be told.
   *
   * @return measurements, possibly none
   */
  List<Measurement> measurements();

  /**
   * A measurement at one tap of the block.
   *
   * @param point one of the block's {@link ZooBlock#tapPoints()}
   * @param reduce the activation at the point to a vector; vectors are averaged over an evaluation,
   *     each batch weighing as much as it does in the loss
   * @param report the average to figures by name
   */
  record Measurement(
      String point,
      UnaryOperator<NDArray> reduce,
      Function<double[], Map<String, Double>> report) {}
}
