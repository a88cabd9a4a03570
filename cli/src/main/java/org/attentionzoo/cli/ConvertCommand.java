package org.attentionzoo.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.weights.StoredWeights;
import org.attentionzoo.models.weights.TensorType;
import org.attentionzoo.models.weights.WeightConversion;
import org.attentionzoo.models.weights.WeightFiles;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Converts weights to safetensors. */
@Command(
    name = "convert",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Convert weights of any kind that can be read to safetensors.",
      "",
      "  zoo convert checkpoint.pth model.safetensors",
      "  zoo convert pytorch_model.bin folder --max-shard-size 5GB --dtype bf16",
      "",
      "Without --dtype every value keeps its bits. What is there already is replaced only with"
          + " --force, and each file appears whole or not at all.",
      ""
    })
final class ConvertCommand implements Callable<Integer> {

  private static final Pattern SIZE =
      Pattern.compile("(\\d{1,15})\\s*(|K|M|G|T|Ki|Mi|Gi|Ti)B?", Pattern.CASE_INSENSITIVE);

  @Spec private CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = "IN",
      description =
          "A .safetensors, .pt, .pth or .bin file, an index of several, a folder, or owner/name of "
              + "one that zoo pull brought.")
  private String in;

  @Parameters(
      index = "1",
      paramLabel = "OUT",
      description = "A .safetensors file; with --max-shard-size, a folder.")
  private Path out;

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      description = "Round floating-point tensors to f64, f32, f16 or bf16.")
  private String type;

  @Option(
      names = "--max-shard-size",
      paramLabel = "SIZE",
      description =
          "Write several files of at most so many bytes, for example 5GB or 500MB, and the index"
              + " model.safetensors.index.json.")
  private String shardSize;

  @Option(
      names = "--strip-prefix",
      paramLabel = "PREFIX",
      description = "Take this off the names that begin with it, for example model.")
  private String prefix = "";

  @Option(names = "--force", description = "Replace what is there.")
  private boolean force;

  @Override
  public Integer call() throws IOException {
    WeightConversion conversion =
        new WeightConversion(
            type == null ? null : type(type),
            prefix,
            shardSize == null ? 0 : bytes(shardSize),
            force);
    PrintWriter err = spec.commandLine().getErr();
    try (StoredWeights weights = WeightFiles.open(ModelPath.of(in))) {
      weights.notes().forEach(err::println);
      List<Path> files;
      try (CopyDisplay display = CopyDisplay.on(err, "writing", weights)) {
        files = conversion.convert(weights, out, display);
      }
      for (Path file : files) {
        spec.commandLine().getOut().printf(Locale.ROOT, "%s  %,d bytes%n", file, Files.size(file));
      }
      spec.commandLine().getOut().flush();
    }
    return ExitCode.OK;
  }

  private static TensorType type(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "f64", "float64", "double" -> TensorType.F64;
      case "f32", "float32", "float" -> TensorType.F32;
      case "f16", "float16", "half" -> TensorType.F16;
      case "bf16", "bfloat16" -> TensorType.BF16;
      default ->
          throw new UserException("--dtype " + name + " was given; expected f64, f32, f16 or bf16");
    };
  }

  /** As Hugging Face has it: GB is a power of ten, GiB of two. */
  static long bytes(String size) {
    Matcher matcher = SIZE.matcher(size.strip());
    if (matcher.matches()) {
      String unit = matcher.group(2).toLowerCase(Locale.ROOT);
      long base = unit.endsWith("i") ? 1024 : 1000;
      int power = unit.isEmpty() ? 0 : "kmgt".indexOf(unit.charAt(0)) + 1;
      try {
        long bytes = Long.parseLong(matcher.group(1));
        for (int i = 0; i < power; i++) {
          bytes = Math.multiplyExact(bytes, base);
        }
        if (bytes > 0) {
          return bytes;
        }
      } catch (ArithmeticException e) {
        throw new UserException("--max-shard-size " + size + " is beyond all sizes", e);
      }
    }
    throw new UserException(
        "--max-shard-size " + size + " was given; expected a size such as 5GB, 500MB or 1GiB");
  }
}
