package org.attentionzoo.models.onnx;

import ai.djl.nn.Parameter;
import java.util.List;
import java.util.Map;

/**
 * What a block computed at one assignment of sizes.
 *
 * @param inputs the graph's inputs
 * @param parameters the parameters that were read, by the id of their value
 * @param steps all operations in order
 * @param outputs the graph's outputs
 */
record Recording(
    List<Operand.Value> inputs,
    Map<Integer, Parameter> parameters,
    List<Step> steps,
    List<Operand.Value> outputs) {

  /**
   * An operation.
   *
   * @param operator its ONNX name
   * @param operands what it reads
   * @param attributes Long, Float, String or long[] by name; the same in every recording
   * @param results what it gives
   * @param origin the method that asked for it
   */
  record Step(
      String operator,
      List<Operand> operands,
      Map<String, Object> attributes,
      List<Operand.Value> results,
      String origin) {}
}
