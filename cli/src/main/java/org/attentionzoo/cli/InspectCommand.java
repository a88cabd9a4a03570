package org.attentionzoo.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.attentionzoo.models.weights.StoredWeights;
import org.attentionzoo.models.weights.WeightFiles;
import org.attentionzoo.models.weights.WeightInspection;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows what is in a file of weights. */
@Command(
    name = "inspect",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Show what is in a file of weights: tensors, types, shapes, metadata, and what looks wrong.",
      "",
      "  zoo inspect model.safetensors",
      "  zoo inspect pytorch_model.bin --no-values --json",
      "",
      "Nothing in the file is run; files that ask for code are refused.",
      ""
    })
final class InspectCommand implements Callable<Integer> {

  private static final int MOST_ROWS = 60;

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "FILE",
      description =
          "A .safetensors, .pt, .pth or .bin file, an index of several, a folder, or owner/name of "
              + "one that zoo pull brought.")
  private String file;

  @Option(
      names = "--no-values",
      description = "Look at names, types and shapes alone, which is fast at any size.")
  private boolean noValues;

  @Option(names = "--all", description = "Print all tensors, however many there are.")
  private boolean all;

  @Option(names = "--json", description = "Print as JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    try (StoredWeights weights = WeightFiles.open(ModelPath.of(file))) {
      WeightInspection inspection;
      try (CopyDisplay display = CopyDisplay.on(spec.commandLine().getErr(), "reading", weights)) {
        inspection = WeightInspection.of(weights, !noValues, display);
      }
      if (json) {
        Json.print(out, asMap(weights, inspection));
      } else {
        print(out, weights, inspection);
      }
    }
    return ExitCode.OK;
  }

  private Map<String, Object> asMap(StoredWeights weights, WeightInspection inspection) {
    List<Map<String, Object>> tensors = new ArrayList<>();
    for (WeightInspection.Tensor tensor : inspection.tensors()) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("name", tensor.info().name());
      entry.put("dtype", tensor.info().type().name());
      entry.put("shape", tensor.info().shape().getShape());
      entry.put("bytes", tensor.info().bytes());
      if (!noValues) {
        entry.put("nan", tensor.nans());
        entry.put("infinite", tensor.infinities());
        entry.put("zero", tensor.zero());
        entry.put("same_as", tensor.sameAs());
      }
      tensors.add(entry);
    }
    Map<String, Object> total = new LinkedHashMap<>();
    total.put("tensors", inspection.tensors().size());
    total.put("values", inspection.values());
    total.put("bytes", inspection.bytes());
    total.put("values_by_dtype", inspection.valuesByType());
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("file", weights.origin());
    result.put("format", weights.format());
    result.put("metadata", weights.metadata());
    result.put("notes", weights.notes());
    result.put("total", total);
    result.put("suspicious", inspection.suspicious());
    result.put("tensors", tensors);
    return result;
  }

  private void print(PrintWriter out, StoredWeights weights, WeightInspection inspection) {
    out.println(weights.origin() + ": " + weights.format());
    Table table = new Table();
    int shown = all ? Integer.MAX_VALUE : MOST_ROWS;
    inspection.tensors().stream()
        .limit(shown)
        .forEach(
            tensor ->
                table.row(
                    plain(tensor.info().name()),
                    tensor.info().type().name(),
                    Arrays.toString(tensor.info().shape().getShape())));
    table.print(out, "  ");
    if (inspection.tensors().size() > shown) {
      out.println("  and " + (inspection.tensors().size() - shown) + " more (--all)");
    }
    out.printf(
        Locale.ROOT,
        "%,d tensors, %,d values (%s), %,d bytes%n",
        inspection.tensors().size(),
        inspection.values(),
        inspection.valuesByType().entrySet().stream()
            .map(e -> String.format(Locale.ROOT, "%s %,d", e.getKey(), e.getValue()))
            .collect(Collectors.joining(", ")),
        inspection.bytes());
    if (!weights.metadata().isEmpty()) {
      out.println("metadata");
      Table metadata = new Table();
      weights.metadata().forEach((key, value) -> metadata.row(plain(key), plain(value)));
      metadata.print(out, "  ");
    }
    section(out, "notes", weights.notes());
    section(out, "look at", inspection.suspicious());
    if (!noValues && inspection.suspicious().isEmpty()) {
      out.println("nothing looks wrong");
    }
    out.flush();
  }

  private static void section(PrintWriter out, String title, List<String> lines) {
    if (!lines.isEmpty()) {
      out.println(title);
      lines.forEach(line -> out.println("  " + line));
    }
  }

  /** A file's own text may not steer the terminal. */
  private static String plain(String text) {
    return text.replaceAll("\\p{Cntrl}", "?");
  }
}
