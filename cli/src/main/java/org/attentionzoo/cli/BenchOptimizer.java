package org.attentionzoo.cli;

import ai.djl.ndarray.NDManager;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.attentionzoo.blocks.Devices;
import org.attentionzoo.eval.bench.OptimizerBench;
import org.attentionzoo.eval.bench.Rounds;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Our AdamW against DJL's. */
@Command(
    name = "optimizer",
    mixinStandardHelpOptions = true,
    description =
        "Time a step of our AdamW against DJL's own over the tensors of two transformers, of 0.2 "
            + "and of 3 million parameters.")
final class BenchOptimizer implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin private BenchOptions common;

  @Override
  public Integer call() {
    common.check();
    PrintWriter out = spec.commandLine().getOut();
    List<Map<String, Object>> rows = new ArrayList<>();
    Table table = new Table();
    table.row(
        "parameters", "tensors", "ours ms", "DJL ms", "its norm ms", "ours / DJL", "with its norm");
    try (NDManager manager = NDManager.newBaseManager(Devices.find(common.device), "PyTorch")) {
      for (int width : new int[] {64, 256}) {
        OptimizerBench.Result result = OptimizerBench.run(manager, width, 4, common.plan());
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("parameters", result.values());
        row.put("tensors", result.tensors());
        row.put("ours", BenchFigures.timed(result.ours()));
        row.put("djl", BenchFigures.timed(result.djl()));
        row.put("norm", BenchFigures.timed(result.norm()));
        Rounds.Timing both = result.djl().plus(result.norm());
        row.put("ratio", result.ours().over(result.djl()));
        row.put("ratioWithNorm", result.ours().over(both));
        rows.add(row);
        table.row(
            String.format(Locale.ROOT, "%,d", result.values()),
            Integer.toString(result.tensors()),
            BenchFigures.millis(result.ours()),
            BenchFigures.millis(result.djl()),
            BenchFigures.millis(result.norm()),
            BenchFigures.ratio(result.ours().over(result.djl())),
            BenchFigures.ratio(result.ours().over(both)));
      }
    }
    if (common.json) {
      Json.print(out, rows);
    } else {
      table.print(out, "");
      out.flush();
    }
    return ExitCode.OK;
  }
}
