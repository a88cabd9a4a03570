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
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.eval.bench.ActivationBench;
import org.attentionzoo.eval.bench.Workload;
import org.attentionzoo.models.Papers;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Cost against activated tokens. */
@Command(
    name = "activation",
    mixinStandardHelpOptions = true,
    description =
        "Time a model that runs attention over activated tokens only, with a given share of them "
            + "activated, and count the bytes of all arrays of a pass.")
final class BenchActivation implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin private BenchOptions common;
  @Mixin private BenchModel choice;

  @Option(
      names = "--length",
      paramLabel = "N",
      defaultValue = "2048",
      description = "Tokens in an example. Default: ${DEFAULT-VALUE}.")
  private int length;

  @Option(
      names = "--shares",
      paramLabel = "X",
      split = ",",
      defaultValue = "0,0.1,0.25,0.5,1",
      description = "The shares of activated tokens. Default: ${DEFAULT-VALUE}.")
  private List<Double> shares;

  @Override
  public Integer call() {
    common.check();
    BenchOptions.requireAtLeast(1, "--length", length);
    if (shares.isEmpty()) {
      throw new UserException("--shares names none; give at least one from 0 to 1, such as 0,0.5");
    }
    PrintWriter out = spec.commandLine().getOut();
    Papers.Preset<?> preset = choice.preset();
    List<ActivationBench.Result> results;
    try (NDManager manager = NDManager.newBaseManager(Devices.find(common.device), "PyTorch");
        Workload workload =
            Workload.of(manager, preset, choice.overrides(), choice.batch, length)) {
      results = ActivationBench.run(workload, shares, common.plan());
    }
    ActivationBench.Result last = results.get(results.size() - 1);
    List<Map<String, Object>> rows = new ArrayList<>();
    Table table = new Table();
    table.row("share", "activated", "forward", "of last", "+backward", "of last", "MB", "of last");
    for (ActivationBench.Result result : results) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("share", result.share());
      row.put("activated", result.activated());
      row.put("forward", BenchFigures.timed(result.forward()));
      row.put("forward_backward", BenchFigures.timed(result.both()));
      row.put("bytes", result.bytes());
      rows.add(row);
      table.row(
          String.valueOf(result.share()),
          String.valueOf(result.activated()),
          BenchFigures.millis(result.forward()),
          BenchFigures.ratio(result.forward().over(last.forward())),
          BenchFigures.millis(result.both()),
          BenchFigures.ratio(result.both().over(last.both())),
          String.format(Locale.ROOT, "%.1f", result.bytes() / 1e6),
          String.format(Locale.ROOT, "%.2f", (double) result.bytes() / last.bytes()));
    }
    if (common.json) {
      Json.print(out, rows);
    } else {
      out.println(
          preset.name() + ", batch " + choice.batch + ", length " + length + "; milliseconds");
      table.print(out, "");
      out.flush();
    }
    return ExitCode.OK;
  }
}
