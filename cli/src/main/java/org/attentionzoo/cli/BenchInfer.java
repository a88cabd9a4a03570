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
import picocli.CommandLine.Spec;

/** Prediction. */
@Command(
    name = "infer",
    mixinStandardHelpOptions = true,
    description =
        "Time prediction of a model on random inputs: a whole batch, and for decoders the pass "
            + "over the prompt and each token after it.")
final class BenchInfer implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin private BenchOptions common;
  @Mixin private BenchModel choice;
  @Mixin private BenchPeer beside;

  @Override
  public Integer call() {
    common.check();
    beside.check();
    PrintWriter out = spec.commandLine().getOut();
    Papers.Preset<?> preset = choice.preset();
    try (NDManager manager = NDManager.newBaseManager(Devices.find(common.device), "PyTorch");
        Workload workload =
            Workload.of(manager, preset, choice.overrides(), choice.batch, beside.length(preset));
        Peer other = beside.load(manager, workload)) {
      ModelBench.Inference inference =
          ModelBench.infer(workload, other, BenchModel.isCausal(preset), common.plan());
      if (common.json) {
        Json.print(out, describe(preset, workload, inference));
      } else {
        print(out, preset, workload, inference);
      }
    }
    return ExitCode.OK;
  }

  private static Map<String, Object> describe(
      Papers.Preset<?> preset, Workload workload, ModelBench.Inference inference) {
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("model", preset.name());
    figures.put("inputs", workload.inputs().head().getShape().toString());
    figures.put("batch", BenchFigures.timed(inference.pass()));
    figures.put("items_per_second", 1000 * inference.items() / inference.pass().median());
    if (inference.decode() != null) {
      figures.put("prefill", BenchFigures.timed(inference.prefill()));
      figures.put("decode_per_token", BenchFigures.timed(inference.decode()));
    }
    if (inference.peer() != null) {
      figures.put("peer", BenchFigures.timed(inference.peer()));
      figures.put("ratio", inference.pass().over(inference.peer()));
    }
    return figures;
  }

  private static void print(
      PrintWriter out, Papers.Preset<?> preset, Workload workload, ModelBench.Inference inference) {
    out.println(preset.name() + ", inputs " + workload.inputs().head().getShape());
    Table table = new Table();
    table.row("", "median ms", "min", "max");
    BenchFigures.row(table, "batch", inference.pass());
    if (inference.peer() != null) {
      BenchFigures.row(table, "peer", inference.peer());
    }
    if (inference.decode() != null) {
      BenchFigures.row(table, "prompt of one example", inference.prefill());
      BenchFigures.row(table, "each token after it", inference.decode());
    }
    table.print(out, "  ");
    out.printf(
        Locale.ROOT,
        "%,.0f %s a second%n",
        1000 * inference.items() / inference.pass().median(),
        workload.hasLength() ? "tokens" : "examples");
    if (inference.peer() != null) {
      out.println("ours / peer: " + BenchFigures.ratio(inference.pass().over(inference.peer())));
    }
    out.flush();
  }
}
