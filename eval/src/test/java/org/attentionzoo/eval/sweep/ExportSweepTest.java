package org.attentionzoo.eval.sweep;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.Specimen.Trait;
import org.attentionzoo.models.onnx.NotExpressibleException;
import org.attentionzoo.models.onnx.OnnxExport;
import org.attentionzoo.models.onnx.Signature;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every block and model becomes an ONNX file that agrees with it at sizes that were not recorded,
 * with and without padding where it promises to heed padding, or stands with its reason in {@code
 * sweep-exceptions/onnx/<paper>.txt}: lines of a subject's name, {@code " | "} and a part of the
 * reason.
 */
@ExtendWith(OneThread.class)
class ExportSweepTest {

  private static final int LONGEST = 12;

  @TempDir Path folder;

  static Stream<Subject> subjects() {
    return SweepTest.subjects();
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("subjects")
  void theExportedGraphAgrees(Subject subject) throws IOException {
    String reason = excepted(subject.specimen().paper()).get(subject.toString());
    List<Boolean> paddings = subject.has(Trait.MASKED) ? List.of(false, true) : List.of(false);
    for (boolean padded : paddings) {
      try (NDManager manager = NDManager.newBaseManager()) {
        ZooBlock block = subject.build(manager, 1);
        OnnxExport export = new OnnxExport(block, manager, signature(subject, block, padded));
        Path file = folder.resolve("model.onnx");
        if (reason == null) {
          OnnxExport.Result result = write(export, file, subject);
          assertThat(result.checks()).hasSize(3).allMatch(OnnxExport.Check::agrees);
          continue;
        }
        String refused = "exported";
        try {
          export.write(file, subject.toString(), Map.of());
        } catch (NotExpressibleException e) {
          refused = e.getMessage();
        }
        assertThat(refused).as("%s, which sweep-exceptions/onnx excepts", subject).contains(reason);
        assertThat(file).doesNotExist();
      }
    }
  }

  private static OnnxExport.Result write(OnnxExport export, Path file, Subject subject)
      throws IOException {
    try {
      return export.write(file, subject.toString(), Map.of());
    } catch (NotExpressibleException e) {
      throw new AssertionError(
          subject
              + " | "
              + e.getMessage()
              + "; mend it, or agree on such a line in sweep-exceptions/onnx/"
              + subject.specimen().paper()
              + ".txt",
          e);
    }
  }

  @Test
  void everyExceptionIsOfASubject() {
    Map<String, List<String>> names =
        subjects()
            .collect(
                Collectors.groupingBy(
                    s -> s.specimen().paper(),
                    Collectors.mapping(Subject::toString, Collectors.toList())));
    names.forEach(
        (paper, known) -> {
          assertThat(known).as(paper).containsAll(excepted(paper).keySet());
          assertThat(excepted(paper).values()).as(paper).noneMatch(String::isBlank);
        });
  }

  private static Map<String, String> excepted(String paper) {
    Map<String, String> reasons = new LinkedHashMap<>();
    String resource = "/sweep-exceptions/onnx/" + paper + ".txt";
    try (var in = ExportSweepTest.class.getResourceAsStream(resource)) {
      if (in == null) {
        return reasons;
      }
      for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList()) {
        String[] parts = line.split(" \\| ", 2);
        reasons.put(parts[0], parts[1]);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return reasons;
  }

  private static Signature signature(Subject subject, ZooBlock block, boolean padded) {
    Signature.Maker maker =
        (manager, sizes) -> {
          int batch = sizes.get("batch");
          int length = sizes.get("length");
          NDList inputs = subject.specimen().inputs().make(manager, batch, length);
          if (padded) {
            inputs.add(valid(manager, batch, length));
          }
          return inputs;
        };
    List<String> names = new ArrayList<>();
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int i = 0; i < subject.inputs(manager, 1, 2, 3).size() + (padded ? 1 : 0); i++) {
        names.add("input" + i);
      }
    }
    return new Signature(
        List.of(new Signature.Size("batch", 1, 20), Signature.Size.length("length", LONGEST)),
        names,
        List.of(),
        maker,
        (pass, inputs) ->
            padded
                ? keep(
                    subject.run(
                        pass,
                        block,
                        new NDList(inputs.subList(0, inputs.size() - 1)),
                        last(inputs)),
                    last(inputs))
                : subject.run(pass, block, inputs, null));
  }

  private static NDArray last(NDList inputs) {
    return inputs.get(inputs.size() - 1);
  }

  /** Some rows are padded on the left, others on the right. */
  private static NDArray valid(NDManager manager, int batch, int length) {
    boolean[] valid = new boolean[batch * length];
    for (int row = 0; row < batch; row++) {
      int count = 1 + (row * 5 + length) % length;
      int from = row % 2 == 0 ? 0 : length - count;
      Arrays.fill(valid, row * length + from, row * length + from + count, true);
    }
    return manager.create(valid, new Shape(batch, length));
  }

  /** What stands at padded positions is nobody's business. */
  private static NDList keep(NDList outputs, NDArray valid) {
    NDList kept = new NDList();
    for (NDArray output : outputs) {
      Shape shape = output.getShape();
      boolean places =
          shape.dimension() > 1
              && shape.get(1) == valid.getShape().get(1)
              && output.getDataType().isFloating();
      NDArray mask = valid.toType(DataType.FLOAT32, false);
      for (int axis = 2; places && axis < shape.dimension(); axis++) {
        mask = mask.expandDims(-1);
      }
      kept.add(places ? output.mul(mask) : output);
    }
    return kept;
  }
}
