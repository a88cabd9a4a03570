package org.attentionzoo.cli;

import ai.djl.ndarray.NDManager;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.attentionzoo.blocks.Devices;
import org.attentionzoo.eval.bench.ModelBench;
import org.attentionzoo.eval.bench.Peer;
import org.attentionzoo.eval.bench.Workload;
import org.attentionzoo.models.Papers;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A training step. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    description =
        "Time a training step of a model on random inputs, as a share of what a matrix product "
            + "reaches in the same rounds; with --peer beside another TorchScript module.")
final class BenchTrain implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin private BenchOptions common;
  @Mixin private BenchModel choice;
  @Mixin private BenchPeer beside;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "0",
      description = "Watch the process's memory over so many steps more, for example 1000.")
  private int steps;

  @Override
  public Integer call() {
    common.check();
    beside.check();
    BenchOptions.requireAtLeast(0, "--steps", steps);
    PrintWriter out = spec.commandLine().getOut();
    Papers.Preset<?> preset = choice.preset();
    try (NDManager manager = NDManager.newBaseManager(Devices.find(common.device), "PyTorch");
        Workload workload =
            Workload.of(manager, preset, choice.overrides(), choice.batch, beside.length(preset))) {
      ModelBench.Training training =
          ModelBench.train(workload, manager, BenchModel.isCausal(preset), common.plan(), steps);
      Map<String, Object> figures = new LinkedHashMap<>();
      figures.put("model", preset.name());
      figures.put("inputs", workload.inputs().head().getShape().toString());
      figures.put("forward", BenchFigures.timed(training.forward()));
      figures.put("forward_backward", BenchFigures.timed(training.both()));
      figures.put("optimizer", BenchFigures.timed(training.optimizer()));
      figures.put("step", BenchFigures.timed(training.step()));
      figures.put("items_per_second", 1000 * training.items() / training.step().median());
      figures.put("operations", training.operations());
      figures.put("gigaflops", training.gigaflops());
      figures.put("matrix_product_gigaflops", training.peak());
      figures.put("share_of_matrix_product", training.gigaflops() / training.peak());
      if (steps > 0) {
        figures.put("watched_steps", steps);
        BenchFigures.put(figures, "resident_before", training.residentBefore());
        BenchFigures.put(figures, "resident_after", training.residentAfter());
      }
      ModelBench.Comparison comparison = null;
      if (beside.peer != null) {
        try (Peer other = beside.load(manager, workload)) {
          comparison = ModelBench.compare(workload, other, manager, common.plan());
        }
        figures.put("peer", compared(comparison));
      }
      if (common.json) {
        Json.print(out, figures);
      } else {
        print(out, preset, workload, training, comparison);
      }
    }
    return ExitCode.OK;
  }

  private void print(
      PrintWriter out,
      Papers.Preset<?> preset,
      Workload workload,
      ModelBench.Training training,
      ModelBench.Comparison comparison) {
    out.println(preset.name() + ", inputs " + workload.inputs().head().getShape());
    Table table = new Table();
    table.row("", "median ms", "min", "max");
    BenchFigures.row(table, "forward", training.forward());
    BenchFigures.row(table, "forward and backward", training.both());
    BenchFigures.row(table, "optimizer with clipping", training.optimizer());
    BenchFigures.row(table, "step", training.step());
    table.print(out, "  ");
    out.printf(
        Locale.ROOT,
        "%,.0f %s a second%n",
        1000 * training.items() / training.step().median(),
        workload.hasLength() ? "tokens" : "examples");
    out.printf(
        Locale.ROOT,
        "%.1f GFLOP a step counted, %.1f GFLOP/s: %.0f%% of the %.1f GFLOP/s of a matrix"
            + " product%n",
        training.operations() / 1e9,
        training.gigaflops(),
        100 * training.gigaflops() / training.peak(),
        training.peak());
    if (steps > 0) {
      out.printf(
          Locale.ROOT,
          "resident memory: %s before, %s after %,d steps%n",
          BenchFigures.megabytes(training.residentBefore()),
          BenchFigures.megabytes(training.residentAfter()),
          steps);
    }
    if (comparison != null) {
      out.println("beside the peer, the mean of the squared outputs as loss");
      Table ratios = new Table();
      ratios.row("", "ours ms", "peer ms", "ours / peer");
      BenchFigures.ratio(ratios, "forward", comparison.forward(), comparison.peerForward());
      BenchFigures.ratio(ratios, "forward and backward", comparison.both(), comparison.peerBoth());
      BenchFigures.ratio(
          ratios,
          "with the optimizer",
          comparison.both().plus(comparison.optimizer()),
          comparison.peerBoth().plus(comparison.optimizer()));
      ratios.print(out, "  ");
    }
    out.flush();
  }

  static Map<String, Object> compared(ModelBench.Comparison comparison) {
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("forward", BenchFigures.timed(comparison.peerForward()));
    figures.put("forward_backward", BenchFigures.timed(comparison.peerBoth()));
    figures.put("our_forward", BenchFigures.timed(comparison.forward()));
    figures.put("our_forward_backward", BenchFigures.timed(comparison.both()));
    figures.put("forward_ratio", comparison.forward().over(comparison.peerForward()));
    figures.put("forward_backward_ratio", comparison.both().over(comparison.peerBoth()));
    figures.put(
        "step_ratio",
        comparison
            .both()
            .plus(comparison.optimizer())
            .over(comparison.peerBoth().plus(comparison.optimizer())));
    return figures;
  }
}
