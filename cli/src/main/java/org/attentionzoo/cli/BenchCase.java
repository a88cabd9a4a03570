package org.attentionzoo.cli;

import ai.djl.ndarray.NDManager;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.attentionzoo.blocks.Devices;
import org.attentionzoo.eval.bench.ModelBench;
import org.attentionzoo.eval.bench.Peer;
import org.attentionzoo.eval.bench.Rounds.Timing;
import org.attentionzoo.eval.bench.Workload;
import org.attentionzoo.models.Papers;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A golden case's component beside its official code. */
@Command(
    name = "case",
    mixinStandardHelpOptions = true,
    description =
        "Time the component of a golden case, with the case's weights and inputs, beside a "
            + "TorchScript module that takes the same inputs; an export of the official code has "
            + "the same weights, and the difference of the outputs tells that both compute the "
            + "same.")
final class BenchCase implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin private BenchOptions common;

  @Parameters(index = "0", paramLabel = "FOLDER", description = "The golden case.")
  private Path folder;

  @Option(
      names = "--peer",
      required = true,
      paramLabel = "FILE",
      description = "A TorchScript module (.pt) that takes the same inputs, run in turns.")
  private Path peer;

  @Override
  public Integer call() {
    common.check();
    PrintWriter out = spec.commandLine().getOut();
    try (NDManager manager = NDManager.newBaseManager(Devices.find(common.device), "PyTorch");
        Workload workload = Workload.ofCase(manager, folder, Papers.load());
        Peer other = Peer.load(peer, manager, workload.inputs())) {
      double difference = ModelBench.difference(workload, other);
      ModelBench.Inference inference = ModelBench.infer(workload, other, false, common.plan());
      Timing predicts = inference.pass();
      Timing peerPredicts = inference.peer();
      ModelBench.Comparison comparison =
          ModelBench.compare(workload, other, manager, common.plan());
      if (common.json) {
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("case", folder.toString());
        figures.put("output_difference", difference);
        figures.put("our_prediction", BenchFigures.timed(predicts));
        figures.put("prediction", BenchFigures.timed(peerPredicts));
        figures.put("prediction_ratio", predicts.over(peerPredicts));
        figures.putAll(BenchTrain.compared(comparison));
        Json.print(out, figures);
      } else {
        out.printf(
            Locale.ROOT,
            "outputs differ by %.2g of the largest; the loss is their mean square%n",
            difference);
        Table table = new Table();
        table.row("", "ours ms", "peer ms", "ours / peer");
        BenchFigures.ratio(table, "prediction", predicts, peerPredicts);
        BenchFigures.ratio(table, "forward", comparison.forward(), comparison.peerForward());
        BenchFigures.ratio(table, "forward and backward", comparison.both(), comparison.peerBoth());
        table.print(out, "  ");
        out.flush();
      }
    }
    return ExitCode.OK;
  }
}
