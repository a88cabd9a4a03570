package org.attentionzoo.eval.verify;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.weights.SafetensorsFile;

/**
 * A component of a golden case with the official weights and inputs, ready to run.
 *
 * <p>For one thread.
 */
public final class GoldenCase {

  private final CaseConfig config;
  private final GoldenTarget.Case built;
  private final NDList inputs;

  private GoldenCase(CaseConfig config, GoldenTarget.Case built, NDList inputs) {
    this.config = config;
    this.built = built;
    this.inputs = inputs;
  }

  /**
   * Reads a case.
   *
   * @param folder holds config.json, weights.safetensors and case.safetensors
   * @param papers where targets are looked up
   * @param manager owns weights and inputs; decides the device
   * @return the case
   * @throws UserException if the case is not complete, has no input or no output, or does not fit
   *     its target
   */
  public static GoldenCase open(Path folder, Papers papers, NDManager manager) {
    try (SafetensorsFile weights = SafetensorsFile.open(folder.resolve("weights.safetensors"));
        SafetensorsFile data = SafetensorsFile.open(folder.resolve("case.safetensors"))) {
      CaseConfig config = CaseConfig.read(folder.resolve("config.json"));
      if (config.inputs().isEmpty() || config.outputs().isEmpty()) {
        throw new UserException(
            folder + " names no input or no output; expected one of each to run its target");
      }
      GoldenTarget.Case built =
          config.build(papers.goldenTarget(config.target()), weights, manager);
      NDList inputs = new NDList();
      for (String name : config.inputs()) {
        inputs.add(data.read(manager, "input." + name));
      }
      return new GoldenCase(config, built, inputs);
    } catch (IllegalArgumentException e) {
      throw new UserException(folder + " does not fit its target: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new UserException("cannot read " + folder + ": " + e.getMessage(), e);
    }
  }

  /**
   * The component.
   *
   * @return loaded
   */
  public ZooBlock block() {
    return built.block();
  }

  /**
   * The case's inputs.
   *
   * @return in call order
   */
  public NDList inputs() {
    return inputs;
  }

  /**
   * Runs the component in a pass of its own, in training or not as the case says.
   *
   * @param store decides the device
   * @param values as {@link #inputs}
   * @return the first of the outputs that the case names
   * @throws UserException if the component gives no output of that name
   */
  public NDArray run(ParameterStore store, NDList values) {
    Pass pass = config.train() ? Pass.training(store) : Pass.inference(store);
    Map<String, NDArray> named = new LinkedHashMap<>();
    List<String> names = config.inputs();
    for (int i = 0; i < names.size(); i++) {
      named.put(names.get(i), values.get(i));
    }
    Map<String, NDArray> outputs = built.adapter().run(pass, named);
    String first = config.outputs().get(0);
    NDArray output = outputs.get(first);
    if (output == null) {
      throw new UserException(config.target() + " gives no output '" + first + "'");
    }
    return output;
  }
}
