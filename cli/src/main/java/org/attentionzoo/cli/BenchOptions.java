package org.attentionzoo.cli;

import org.attentionzoo.blocks.UserException;
import org.attentionzoo.eval.bench.Rounds;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What all of them take. */
final class BenchOptions {

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  private ProgressLine line;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "5",
      description = "How often each is run. Default: ${DEFAULT-VALUE}.")
  int rounds;

  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      defaultValue = "cpu",
      description = "cpu, gpu or gpu:<number>.")
  String device;

  @Option(names = "--json", description = "Print as JSON.")
  boolean json;

  @Option(
      names = "--processor-time",
      description =
          "Count the time that the thread had a processor instead of the time on the clock, for "
              + "machines that others use too; one thread only.")
  boolean processorTime;

  Rounds.Plan plan() {
    return plan(command.qualifiedName());
  }

  /** For one of several things that are timed, which is named to who waits. */
  Rounds.Plan plan(String subject) {
    if (line == null) {
      line = ProgressLine.on(command.commandLine().getErr());
    }
    return new Rounds.Plan(rounds, processorTime, line.watch(subject));
  }

  void check() {
    if (processorTime) {
      // Before libtorch starts, which reads it then.
      System.setProperty("ai.djl.pytorch.num_threads", "1");
    }
    requireAtLeast(1, "--rounds", rounds);
  }

  static void requireAtLeast(int least, String option, int value) {
    if (value < least) {
      throw new UserException(
          option + " " + value + " was given; it must be " + least + " or more");
    }
  }
}
