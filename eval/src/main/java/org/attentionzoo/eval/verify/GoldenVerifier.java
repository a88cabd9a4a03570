package org.attentionzoo.eval.verify;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.attentionzoo.blocks.BackwardPass;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.NearestName;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.weights.SafetensorsFile;

/**
 * Compares a component with what the official code computed: outputs, and gradients of the sum of
 * &lt;output, cotangent&gt; with respect to parameters and floating-point inputs, on the kernel
 * path and on the plain path. For each tensor max|ours - official| / max(max|official|, 1e-3) may
 * be at most the case's tolerance; shapes are equal; NaN and infinities agree only with themselves;
 * integers and booleans agree exactly. A gradient that we do not produce counts as zero.
 *
 * <p>Thread safety: may be used by several threads.
 */
public final class GoldenVerifier {

  private final Papers papers;
  private final Device device;

  /**
   * A verifier.
   *
   * @param papers where targets are looked up
   * @param device where to compute
   */
  public GoldenVerifier(Papers papers, Device device) {
    this.papers = papers;
    this.device = device;
  }

  /**
   * Verifies a case. Whatever is wrong with it is reported, not thrown.
   *
   * @param folder holds config.json, weights.safetensors and case.safetensors
   * @return how it came out
   */
  public CaseReport verify(Path folder) {
    CaseConfig config;
    try {
      config = CaseConfig.read(folder.resolve("config.json"));
    } catch (UserException | IOException e) {
      return CaseReport.broken(folder, "", describe(e));
    }
    GoldenTarget target;
    try {
      target = papers.goldenTarget(config.target());
    } catch (UserException e) {
      return CaseReport.broken(folder, config.target(), e.getMessage());
    }
    try (SafetensorsFile weights = SafetensorsFile.open(folder.resolve("weights.safetensors"));
        SafetensorsFile data = SafetensorsFile.open(folder.resolve("case.safetensors"))) {
      checkNames(config, data);
      List<CaseReport.PathResult> paths = new ArrayList<>();
      for (boolean plain : new boolean[] {false, true}) {
        paths.add(run(target, config, weights, data, plain));
      }
      return new CaseReport(folder, config.target(), config.tolerance(), paths, Optional.empty());
    } catch (UserException e) {
      return CaseReport.broken(folder, config.target(), e.getMessage());
    }
  }

  private static void checkNames(CaseConfig config, SafetensorsFile data) {
    Set<String> expected = new TreeSet<>();
    config.inputs().forEach(name -> expected.add("input." + name));
    config.outputs().forEach(name -> expected.add("output." + name));
    for (String name : expected) {
      if (!data.tensors().containsKey(name)) {
        throw new UserException(
            data.origin()
                + " lacks "
                + name
                + NearestName.suggestion(name, data.tensors().keySet()));
      }
    }
    config.inputs().forEach(name -> expected.add("grad_input." + name));
    config.outputs().forEach(name -> expected.add("cotangent." + name));
    for (String name : data.tensors().keySet()) {
      if (!expected.contains(name) && !name.startsWith("grad.")) {
        throw new UserException(
            data.origin() + " has " + name + ", which config.json does not list");
      }
    }
  }

  private CaseReport.PathResult run(
      GoldenTarget target,
      CaseConfig config,
      SafetensorsFile weights,
      SafetensorsFile data,
      boolean plain) {
    String path = plain ? "plain" : "kernel";
    try (NDManager manager = NDManager.newBaseManager(device, "PyTorch")) {
      // Built anew for each path: a pass may change buffers, such as batch statistics.
      GoldenTarget.Case built = config.build(target, weights, manager);
      Map<String, NDArray> inputs = inputs(config, data, manager);
      CaseInputs given = new CaseInputs(inputs);
      List<TensorComparison> lines = compare(built, config, data, given, plain, manager);
      addGradients(built, data, inputs, manager, lines);
      return new CaseReport.PathResult(path, lines, given.unread(), Optional.empty());
    } catch (Exception e) {
      return new CaseReport.PathResult(path, List.of(), Set.of(), Optional.of(describe(e)));
    }
  }

  private static Map<String, NDArray> inputs(
      CaseConfig config, SafetensorsFile data, NDManager manager) {
    Map<String, NDArray> inputs = new LinkedHashMap<>();
    for (String name : config.inputs()) {
      NDArray input = data.read(manager, "input." + name);
      if (input.getDataType().isFloating()) {
        input.setRequiresGradient(true);
      }
      inputs.put(name, input);
    }
    return inputs;
  }

  private static List<TensorComparison> compare(
      GoldenTarget.Case built,
      CaseConfig config,
      SafetensorsFile data,
      CaseInputs inputs,
      boolean plain,
      NDManager manager) {
    List<TensorComparison> lines = new ArrayList<>();
    ParameterStore store = new ParameterStore(manager, false);
    Pass pass = config.train() ? Pass.training(store) : Pass.inference(store);
    try (GradientMode ignored = GradientMode.on()) {
      Map<String, NDArray> outputs = built.adapter().run(plain ? pass.onPlainPath() : pass, inputs);
      NDArray objective = null;
      for (String name : config.outputs()) {
        NDArray output = outputs.get(name);
        if (output == null) {
          throw new UserException(
              "the target gives no output '"
                  + name
                  + "'; it gives "
                  + String.join(", ", new TreeSet<>(outputs.keySet())));
        }
        NDArray golden = data.read(manager, "output." + name);
        lines.add(Tensors.compare("output." + name, output, golden));
        if (data.tensors().containsKey("cotangent." + name)) {
          NDArray cotangent = data.read(manager, "cotangent." + name);
          if (!cotangent.getShape().equals(output.getShape())) {
            continue;
          }
          NDArray term = output.mul(cotangent).sum();
          objective = objective == null ? term : objective.add(term);
        }
      }
      if (objective != null) {
        // If nothing that has a cotangent depends on a parameter or input, all gradients are zero.
        BackwardPass.tryFrom(objective);
      }
    }
    return lines;
  }

  private static void addGradients(
      GoldenTarget.Case built,
      SafetensorsFile data,
      Map<String, NDArray> inputs,
      NDManager manager,
      List<TensorComparison> lines) {
    Map<String, Parameter> parameters = StateDict.of(built.block());
    for (String name : data.tensors().keySet()) {
      NDArray ours;
      if (name.startsWith("grad.")) {
        String key = built.rename().apply(name.substring("grad.".length()));
        Parameter parameter = parameters.get(key);
        if (parameter == null) {
          throw new UserException(
              data.origin()
                  + " has "
                  + name
                  + ", but there is no such parameter"
                  + NearestName.suggestion(String.valueOf(key), parameters.keySet()));
        }
        ours = parameter.getArray();
      } else if (name.startsWith("grad_input.")) {
        ours = inputs.get(name.substring("grad_input.".length()));
      } else {
        continue;
      }
      NDArray golden = data.read(manager, name);
      NDArray gradient = ours.hasGradient() ? ours.getGradient() : null;
      if (gradient == null) {
        gradient = manager.zeros(ours.getShape(), DataType.FLOAT32);
      }
      gradient.attach(manager);
      lines.add(Tensors.compare(name, gradient, golden));
    }
  }

  private static String describe(Exception e) {
    String message = e.getMessage() == null ? e.toString() : e.getMessage();
    String text =
        message
            .lines()
            .map(String::strip)
            .filter(l -> !l.isEmpty())
            .collect(Collectors.joining("; "));
    boolean ours = e instanceof UserException || e instanceof IllegalArgumentException;
    return ours ? text : e.getClass().getSimpleName() + ": " + text;
  }
}
