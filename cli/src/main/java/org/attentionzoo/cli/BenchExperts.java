package org.attentionzoo.cli;

import ai.djl.ndarray.NDManager;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.attentionzoo.blocks.Devices;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.eval.bench.ExpertBench;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A mixture of experts against a dense network. */
@Command(
    name = "experts",
    mixinStandardHelpOptions = true,
    description =
        "Time a mixture of feed-forward experts beside one dense network as wide as the experts "
            + "that a token uses, so that both do the same multiplications.")
final class BenchExperts implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin private BenchOptions common;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      defaultValue = "4096",
      description = "Tokens in a pass. Default: ${DEFAULT-VALUE}.")
  private int tokens;

  @Option(
      names = "--width",
      paramLabel = "N",
      defaultValue = "256",
      description = "The size of a token. Default: ${DEFAULT-VALUE}.")
  private int width;

  @Option(
      names = "--experts",
      paramLabel = "N",
      defaultValue = "8",
      description = "Experts. Default: ${DEFAULT-VALUE}.")
  private int experts;

  @Option(
      names = "--chosen",
      paramLabel = "N",
      defaultValue = "2",
      description = "Experts that a token uses. Default: ${DEFAULT-VALUE}.")
  private int chosen;

  @Option(
      names = "--hidden",
      paramLabel = "N",
      defaultValue = "512",
      description = "The inner size of an expert. Default: ${DEFAULT-VALUE}.")
  private int hidden;

  @Override
  public Integer call() {
    common.check();
    if (Math.min(Math.min(tokens, width), Math.min(chosen, hidden)) < 1 || chosen > experts) {
      throw new UserException(
          "sizes must be 1 or more, and --chosen at most --experts; got --tokens "
              + tokens
              + " --width "
              + width
              + " --experts "
              + experts
              + " --chosen "
              + chosen
              + " --hidden "
              + hidden);
    }
    ExpertBench.Result result;
    try (NDManager manager = NDManager.newBaseManager(Devices.find(common.device), "PyTorch")) {
      result =
          ExpertBench.run(
              manager,
              new ExpertBench.Sizes(tokens, width, experts, chosen, hidden),
              common.plan());
    }
    PrintWriter out = spec.commandLine().getOut();
    if (common.json) {
      Map<String, Object> figures = new LinkedHashMap<>();
      figures.put("forward_mixture", BenchFigures.timed(result.mixture()));
      figures.put("forward_dense", BenchFigures.timed(result.dense()));
      figures.put("forward_ratio", result.mixture().over(result.dense()));
      figures.put("both_mixture", BenchFigures.timed(result.trainedMixture()));
      figures.put("both_dense", BenchFigures.timed(result.trainedDense()));
      figures.put("both_ratio", result.trainedMixture().over(result.trainedDense()));
      Json.print(out, figures);
    } else {
      Table table = new Table();
      table.row("", "experts ms", "dense ms", "experts / dense");
      BenchFigures.ratio(table, "forward", result.mixture(), result.dense());
      BenchFigures.ratio(table, "+backward", result.trainedMixture(), result.trainedDense());
      table.print(out, "");
      out.flush();
    }
    return ExitCode.OK;
  }
}
