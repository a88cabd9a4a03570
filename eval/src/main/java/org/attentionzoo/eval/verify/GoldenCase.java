package org.attentionzoo.eval.verify;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.weights.SafetensorsFile;
import org.attentionzoo.models.weights.StateDictLoader;

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
   * @throws UserException if the case is not complete or does not fit its target
   */
  public static GoldenCase open(Path folder, Papers papers, NDManager manager) {
    try (SafetensorsFile weights = SafetensorsFile.open(folder.resolve("weights.safetensors"));
        SafetensorsFile data = SafetensorsFile.open(folder.resolve("case.safetensors"))) {
      CaseConfig config = CaseConfig.read(folder.resolve("config.json"));
      GoldenConfig arguments = new GoldenConfig(config.config());
      GoldenTarget.Case built = papers.goldenTarget(config.target()).build().apply(arguments);
      arguments.finish();
      StateDictLoader.strict().renaming(built.rename()).load(built.block(), manager, weights);
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
   * The name of the target.
   *
   * @return for example {@code moh/attention}
   */
  public String target() {
    return config.target();
  }

  /**
   * Whether the case is one of training.
   *
   * @return false for prediction
   */
  public boolean isTraining() {
    return config.train();
  }

  /**
   * Runs the component.
   *
   * @param pass what the pass carries
   * @param values as {@link #inputs}
   * @return the outputs that the case names, in its order
   */
  public NDList run(Pass pass, NDList values) {
    Map<String, NDArray> named = new LinkedHashMap<>();
    List<String> names = config.inputs();
    for (int i = 0; i < names.size(); i++) {
      named.put(names.get(i), values.get(i));
    }
    Map<String, NDArray> outputs = built.adapter().run(pass, named);
    NDList results = new NDList();
    for (String name : config.outputs()) {
      if (!outputs.containsKey(name)) {
        throw new UserException(config.target() + " gives no output '" + name + "'");
      }
      results.add(outputs.get(name));
    }
    return results;
  }
}
