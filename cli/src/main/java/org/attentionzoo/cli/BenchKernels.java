package org.attentionzoo.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import org.attentionzoo.blocks.Devices;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.kernels.KernelCatalog;
import org.attentionzoo.blocks.kernels.KernelCheck;
import org.attentionzoo.eval.bench.KernelBench;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Kernels against plain versions. */
@Command(
    name = "kernels",
    mixinStandardHelpOptions = true,
    description = "Time each kernel against its plain version.")
final class BenchKernels implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin private BenchOptions common;

  @Parameters(
      arity = "0..*",
      paramLabel = "NAME",
      description = "Only kernels whose name contains one of these.")
  private List<String> names = List.of();

  @Option(
      names = "--small",
      description = "Take the small inputs of the correctness tests too, where overhead decides.")
  private boolean small;

  @Override
  public Integer call() {
    common.check();
    PrintWriter out = spec.commandLine().getOut();
    List<Map<String, Object>> rows = new ArrayList<>();
    Table table = new Table();
    table.row("kernel", "inputs", "forward", "plain", "ratio", "+backward", "plain", "ratio", "");
    for (KernelCheck check : chosen()) {
      List<KernelCheck.Case> cases = new ArrayList<>(small ? check.cases() : List.of());
      cases.addAll(check.benchmarks());
      if (cases.isEmpty()) {
        cases.add(check.cases().get(check.cases().size() - 1));
      }
      for (KernelCheck.Case inputs : cases) {
        KernelBench.Result result =
            KernelBench.run(
                check,
                inputs,
                Devices.find(common.device),
                common.plan(check.name() + ", " + inputs.label()));
        rows.add(describe(result));
        table.row(
            result.kernel(),
            result.inputs(),
            BenchFigures.millis(result.forward()),
            BenchFigures.millis(result.plainForward()),
            BenchFigures.ratio(result.forward().over(result.plainForward())),
            result.both() == null ? "-" : BenchFigures.millis(result.both()),
            result.both() == null ? "-" : BenchFigures.millis(result.plainBoth()),
            result.both() == null
                ? "-"
                : BenchFigures.ratio(result.both().over(result.plainBoth())),
            result.isSlower() ? "slower" : "");
      }
    }
    if (common.json) {
      Json.print(out, rows);
    } else {
      out.println(
          "milliseconds; a ratio below 1 means that the kernel is faster, 'slower' that it lost"
              + " in every round");
      table.print(out, "");
      out.flush();
    }
    return ExitCode.OK;
  }

  private List<KernelCheck> chosen() {
    List<KernelCheck> checks = new ArrayList<>();
    List<String> all = new ArrayList<>();
    for (KernelCatalog catalog : ServiceLoader.load(KernelCatalog.class)) {
      for (KernelCheck check : catalog.kernels()) {
        all.add(check.name());
        if (names.isEmpty() || names.stream().anyMatch(check.name()::contains)) {
          checks.add(check);
        }
      }
    }
    for (String name : names) {
      if (all.stream().noneMatch(kernel -> kernel.contains(name))) {
        throw new UserException(
            "no kernel is called like '" + name + "'; there are " + String.join("; ", all));
      }
    }
    return checks;
  }

  private static Map<String, Object> describe(KernelBench.Result result) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("kernel", result.kernel());
    row.put("inputs", result.inputs());
    row.put("forward", BenchFigures.timed(result.forward()));
    row.put("plain_forward", BenchFigures.timed(result.plainForward()));
    row.put("forward_ratio", result.forward().over(result.plainForward()));
    if (result.both() != null) {
      row.put("forward_backward", BenchFigures.timed(result.both()));
      row.put("plain_forward_backward", BenchFigures.timed(result.plainBoth()));
      row.put("forward_backward_ratio", result.both().over(result.plainBoth()));
    }
    row.put("slower", result.isSlower());
    return row;
  }
}
