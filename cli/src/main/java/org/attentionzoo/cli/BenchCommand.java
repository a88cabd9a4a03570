package org.attentionzoo.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Measures speed and memory. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    description = {
      "Measure speed and memory.",
      "Times are medians of rounds in which everything that is compared runs in turns; trust the "
          + "ratios of one run, not milliseconds of different runs."
    },
    subcommands = {
      BenchKernels.class,
      BenchOptimizer.class,
      BenchExperts.class,
      BenchCase.class,
      BenchTrain.class,
      BenchInfer.class,
      BenchScaling.class,
      BenchActivation.class,
      BenchPatterns.class
    })
final class BenchCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getOut());
    return ExitCode.OK;
  }
}
