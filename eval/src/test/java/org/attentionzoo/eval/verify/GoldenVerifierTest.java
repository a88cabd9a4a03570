package org.attentionzoo.eval.verify;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.weights.SafetensorsWriter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GoldenVerifierTest {

  /** y = w x, with a wrong plain path and a wrong gradient on demand; signs of x. */
  private static final class Scale extends ZooBlock {
    final Parameter weight = parameter("w", Initializers.constant(0), 2);
    final boolean wrongPlain;
    final boolean detached;

    Scale(boolean wrongPlain, boolean detached) {
      this.wrongPlain = wrongPlain;
      this.detached = detached;
      parameter("unused", Initializers.constant(0), 1);
      buffer("count", Initializers.zeros(DataType.INT64));
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      NDArray x = inputs.singletonOrThrow();
      NDArray w = pass.value(weight, x);
      NDArray y = x.mul(detached ? w.stopGradient() : w);
      return new NDList(!pass.kernels(x) && wrongPlain ? y.mul(1.001) : y);
    }
  }

  private static final class Provider implements PaperProvider {
    @Override
    public String id() {
      return "toy";
    }

    @Override
    public List<GoldenTarget> goldenTargets() {
      return List.of(
          new GoldenTarget(
              "toy/scale",
              config -> {
                config.integer("width", 2);
                var block =
                    new Scale(config.flag("wrong_plain", false), config.flag("detached", false));
                return new GoldenTarget.Case(
                    block,
                    (pass, inputs) -> {
                      NDArray x = inputs.get("x");
                      Map<String, NDArray> out = new LinkedHashMap<>();
                      out.put("y", block.forward(pass, new NDList(x)).head());
                      out.put("positive", x.gt(0));
                      out.put("log", x.log());
                      out.put("extra", x);
                      return out;
                    },
                    official -> official.replace("scale.", ""));
              }));
    }
  }

  @TempDir Path folder;
  private NDManager manager;
  private Map<String, NDArray> weights;
  private Map<String, NDArray> data;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    weights = new LinkedHashMap<>();
    weights.put("scale.w", manager.create(new float[] {2, 3}));
    weights.put("scale.unused", manager.create(new float[] {1}));
    weights.put("scale.count", manager.create(0L));
    data = new LinkedHashMap<>();
    data.put("input.x", manager.create(new float[] {1, -1}));
    data.put("output.y", manager.create(new float[] {2, -3}));
    data.put("output.positive", manager.create(new boolean[] {true, false}));
    data.put("output.log", manager.create(new float[] {0, Float.NaN}));
    data.put("cotangent.y", manager.create(new float[] {10, 100}));
    data.put("grad.scale.w", manager.create(new float[] {10, -100}));
    data.put("grad.scale.unused", manager.create(new float[] {0}));
    data.put("grad_input.x", manager.create(new float[] {20, 300}));
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private CaseReport verify(String arguments) throws IOException {
    return verify(arguments, UnaryOperator.identity());
  }

  private CaseReport verify(String arguments, UnaryOperator<String> edit) throws IOException {
    String config =
        """
        {"paper": "toy", "target": "toy/scale", "case": "c", "train": false, "tolerance": 1e-6,
         "config": %s, "inputs": ["x"], "outputs": ["y", "positive", "log"],
         "reference": "", "note": ""}
        """
            .formatted(arguments);
    Files.writeString(folder.resolve("config.json"), edit.apply(config));
    SafetensorsWriter.write(folder.resolve("weights.safetensors"), weights, Map.of());
    SafetensorsWriter.write(folder.resolve("case.safetensors"), data, Map.of());
    return new GoldenVerifier(new Papers(List.of(new Provider())), Device.cpu()).verify(folder);
  }

  private static String text(CaseReport report) {
    return String.join("\n", report.describe());
  }

  @Test
  void passesWhenEverythingAgreesOnBothPaths() throws IOException {
    CaseReport report = verify("{\"width\": 2}");
    assertThat(report.passed()).as(text(report)).isTrue();
    assertThat(report.paths())
        .extracting(CaseReport.PathResult::path)
        .containsExactly("kernel", "plain");
    assertThat(report.paths().get(0).tensors())
        .extracting(TensorComparison::name)
        .containsExactlyInAnyOrder(
            "output.y",
            "output.positive",
            "output.log",
            "grad.scale.w",
            "grad.scale.unused",
            "grad_input.x");
    assertThat(text(report)).contains("passed, worst kernel 0.0e+00, worst plain 0.0e+00");
  }

  @Test
  void failsWhenOnePathIsWrong() throws IOException {
    CaseReport report = verify("{\"wrong_plain\": true}");
    assertThat(report.passed()).isFalse();
    assertThat(report.paths().get(0).worst()).isZero();
    assertThat(report.paths().get(1).worst()).isBetween(0.9e-3, 1.1e-3);
  }

  @Test
  void countsAMissingGradientAsZero() throws IOException {
    CaseReport report = verify("{\"detached\": true}");
    assertThat(report.passed()).isFalse();
    assertThat(text(report))
        .contains("FAIL   1.0e+00  grad.scale.w")
        .contains("ok     0.0e+00  grad_input.x");
  }

  @Test
  void countsAllGradientsAsZeroWhereNothingDependsOnAnything() throws IOException {
    data.put("cotangent.positive", data.remove("cotangent.y").gt(0));
    CaseReport report = verify("{}");
    assertThat(text(report))
        .contains("FAIL   1.0e+00  grad.scale.w")
        .contains("FAIL   1.0e+00  grad_input.x");
  }

  @Test
  void dividesByTheLargestOfficialValueButAtMostByAThousandth() throws IOException {
    data.put("output.y", manager.create(new float[] {2, -3.3f}));
    assertThat(verify("{}").worst()).isBetween(0.09, 0.0910);
    data.put("input.x", manager.create(new float[] {0, 0}));
    data.put("output.y", manager.create(new float[] {0, 1e-6f}));
    CaseReport report = verify("{}");
    assertThat(report.paths().get(0).tensors().get(0).ratio()).isBetween(0.99e-3, 1.01e-3);
  }

  @Test
  void failsOnAnotherShapeAndNeverBroadcasts() throws IOException {
    data.put("output.y", manager.create(new float[] {2, -3}, new Shape(1, 2)));
    assertThat(text(verify("{}"))).contains("FAIL         -  output.y (1, 2): our shape is (2)");
  }

  @Test
  void failsOnAnyDifferenceOfBooleansTypesAndNaNs() throws IOException {
    data.put("output.positive", manager.create(new boolean[] {true, true}));
    assertThat(text(verify("{}"))).contains("output.positive (2): at 1 we have 0, official is 1");
    data.put("output.positive", manager.create(new long[] {1, 0}));
    assertThat(text(verify("{}"))).contains("our type is boolean, the official one int64");
    data.put("output.log", manager.create(new float[] {0, Float.NEGATIVE_INFINITY}));
    assertThat(text(verify("{}"))).contains("at 1 we have NaN, official is -Infinity");
  }

  @Test
  void namesUnknownConfigKeys() throws IOException {
    CaseReport report = verify("{\"wdith\": 2}");
    assertThat(report.passed()).isFalse();
    assertThat(text(report)).contains("unknown config keys wdith");
  }

  @Test
  void namesMissingUnknownAndMisshapenWeights() throws IOException {
    weights.put("scale.w", manager.create(new float[] {1, 2, 3}));
    weights.remove("scale.count");
    weights.put("scale.other", manager.create(1f));
    assertThat(text(verify("{}")))
        .contains("misshapen w: (3) where (2) is expected")
        .contains("missing count")
        .contains("unexpected other");
  }

  @Test
  void namesUnknownGradientsInputsAndOutputs() throws IOException {
    data.put("grad.scale.v", manager.create(1f));
    assertThat(text(verify("{}"))).contains("grad.scale.v, but there is no such parameter");
    data.remove("grad.scale.v");
    data.put("grad_input.z", manager.create(1f));
    assertThat(text(verify("{}"))).contains("grad_input.z, which config.json does not list");
    data.remove("grad_input.z");
    data.put("output.none", manager.create(1f));
    assertThat(text(verify("{}", c -> c.replace("\"log\"]", "\"log\", \"none\"]"))))
        .contains("the target gives no output 'none'; it gives extra, log, positive, y");
    data.remove("input.x");
    assertThat(text(verify("{}"))).contains("lacks input.x");
  }

  /** Official code may ignore an input too, so this alone is no failure. */
  @Test
  void tellsOfInputsThatTheTargetNeverReads() throws IOException {
    data.put("input.mask", manager.create(new float[] {1, 0}));
    CaseReport report = verify("{}", c -> c.replace("[\"x\"]", "[\"x\", \"mask\"]"));
    assertThat(report.passed()).isTrue();
    assertThat(text(report))
        .contains("kernel  note   the target never reads mask")
        .contains("plain  note   the target never reads mask")
        .doesNotContain("reads x");
  }

  @Test
  void suggestsTheNearestTarget() throws IOException {
    assertThat(text(verify("{}", c -> c.replace("toy/scale", "toy/scael"))))
        .contains("unknown golden target 'toy/scael'; did you mean 'toy/scale'?");
  }

  @Test
  void reportsBrokenFolders() throws IOException {
    GoldenVerifier verifier = new GoldenVerifier(new Papers(List.of()), Device.cpu());
    CaseReport report = verifier.verify(folder.resolve("none"));
    assertThat(report.passed()).isFalse();
    assertThat(text(report)).contains("config.json is not there");
    assertThat(text(verify("{}", c -> c.replace("\"train\": false", "\"train\": 3"))))
        .contains("key 'train' is 3; expected a boolean");
    assertThat(text(verify("{}", c -> c.replace("\"note\"", "\"nota\""))))
        .contains("unknown keys nota");
    assertThat(text(verify("{}", c -> c.substring(0, 30)))).contains("no valid JSON");
  }
}
