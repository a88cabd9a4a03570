package org.attentionzoo.cli;

import ai.djl.ndarray.NDManager;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.Devices;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.kernels.KernelCatalog;
import org.attentionzoo.blocks.kernels.KernelCheck;
import org.attentionzoo.eval.bench.ActivationBench;
import org.attentionzoo.eval.bench.ExpertBench;
import org.attentionzoo.eval.bench.KernelBench;
import org.attentionzoo.eval.bench.ModelBench;
import org.attentionzoo.eval.bench.OptimizerBench;
import org.attentionzoo.eval.bench.Peer;
import org.attentionzoo.eval.bench.Rounds;
import org.attentionzoo.eval.bench.Rounds.Ratio;
import org.attentionzoo.eval.bench.Rounds.Timing;
import org.attentionzoo.eval.bench.Workload;
import org.attentionzoo.eval.cab.CabBench;
import org.attentionzoo.eval.cab.EfficiencyLength;
import org.attentionzoo.models.MixerEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.Papers;
import org.attentionzoo.training.run.ProcessMemory;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Measures speed and memory. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    description = {
      "Measure speed and memory.",
      "Times are medians of rounds in which everything that is compared runs in turns; trust the",
      "ratios of one run, not milliseconds of different runs."
    },
    subcommands = {
      BenchCommand.Kernels.class,
      BenchCommand.Optimizer.class,
      BenchCommand.Experts.class,
      BenchCommand.Case.class,
      BenchCommand.Train.class,
      BenchCommand.Infer.class,
      BenchCommand.Scaling.class,
      BenchCommand.Activation.class,
      BenchCommand.Patterns.class
    })
final class BenchCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getOut());
    return ExitCode.OK;
  }

  /** What all of them take. */
  static final class Common {
    @Option(
        names = "--rounds",
        paramLabel = "N",
        defaultValue = "5",
        description = "How often each is run. Default: ${DEFAULT-VALUE}.")
    private int rounds;

    @Option(
        names = "--device",
        paramLabel = "DEVICE",
        defaultValue = "cpu",
        description = "cpu, gpu or gpu:<number>.")
    private String device;

    @Option(names = "--json", description = "Print as JSON.")
    private boolean json;

    @Option(
        names = "--processor-time",
        description = {
          "Count the time that the thread had a processor instead of the time on the clock, for",
          "machines that others use too; one thread only."
        })
    private boolean processorTime;

    Rounds.Plan plan() {
      return new Rounds.Plan(rounds, processorTime);
    }

    void check() {
      if (processorTime) {
        // Before libtorch starts, which reads it then.
        System.setProperty("ai.djl.pytorch.num_threads", "1");
      }
      if (rounds < 1) {
        throw new UserException("--rounds " + rounds + " was given; it must be 1 or more");
      }
    }
  }

  /** What the ones that run a model take. */
  static final class ModelChoice {
    private static final String PREFIX = "model.";

    @Parameters(index = "0", paramLabel = "MODEL", description = "A preset; 'zoo list' shows them.")
    private String model;

    @Parameters(
        index = "1..*",
        paramLabel = "KEY=VALUE",
        description = "What differs from the preset, for example model.layers=4.")
    private List<String> settings = List.of();

    @Option(
        names = "--batch",
        paramLabel = "N",
        defaultValue = "8",
        description = "Examples in a batch. Default: ${DEFAULT-VALUE}.")
    private int batch;

    Papers.Preset<?> preset() {
      if (batch < 1) {
        throw new UserException("--batch " + batch + " was given; it must be 1 or more");
      }
      return Papers.load().preset(model);
    }

    List<String> overrides() {
      List<String> overrides = new ArrayList<>();
      for (String setting : settings) {
        if (!setting.startsWith(PREFIX)) {
          throw new UserException("'" + setting + "' was given; expected model.<key>=<value>");
        }
        overrides.add(setting.substring(PREFIX.length()));
      }
      return overrides;
    }

    static boolean isCausal(Papers.Preset<?> preset) {
      return preset.model().kind() == ModelKind.CAUSAL_LANGUAGE_MODEL;
    }
  }

  /** Kernels against plain versions. */
  @Command(
      name = "kernels",
      mixinStandardHelpOptions = true,
      description = "Time each kernel against its plain version.")
  static final class Kernels implements Callable<Integer> {

    @Spec private CommandSpec spec;
    @Mixin private Common common;

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
              KernelBench.run(check, inputs, Devices.find(common.device), common.plan());
          rows.add(describe(result));
          table.row(
              result.kernel(),
              result.inputs(),
              millis(result.forward()),
              millis(result.plainForward()),
              ratio(result.forward().over(result.plainForward())),
              result.both() == null ? "-" : millis(result.both()),
              result.both() == null ? "-" : millis(result.plainBoth()),
              result.both() == null ? "-" : ratio(result.both().over(result.plainBoth())),
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
      if (checks.isEmpty()) {
        throw new UserException(
            "no kernel is called like " + names + "; there are " + String.join("; ", all));
      }
      return checks;
    }

    private static Map<String, Object> describe(KernelBench.Result result) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("kernel", result.kernel());
      row.put("inputs", result.inputs());
      row.put("forward", timed(result.forward()));
      row.put("plain_forward", timed(result.plainForward()));
      row.put("forward_ratio", result.forward().over(result.plainForward()));
      if (result.both() != null) {
        row.put("forward_backward", timed(result.both()));
        row.put("plain_forward_backward", timed(result.plainBoth()));
        row.put("forward_backward_ratio", result.both().over(result.plainBoth()));
      }
      row.put("slower", result.isSlower());
      return row;
    }
  }

  /** Our AdamW against DJL's. */
  @Command(
      name = "optimizer",
      mixinStandardHelpOptions = true,
      description = {
        "Time a step of our AdamW against DJL's own over the tensors of two transformers, of 0.2 and",
        "of 3 million parameters."
      })
  static final class Optimizer implements Callable<Integer> {

    @Spec private CommandSpec spec;
    @Mixin private Common common;

    @Override
    public Integer call() {
      common.check();
      PrintWriter out = spec.commandLine().getOut();
      List<Map<String, Object>> rows = new ArrayList<>();
      Table table = new Table();
      table.row(
          "parameters",
          "tensors",
          "ours ms",
          "DJL ms",
          "its norm ms",
          "ours / DJL",
          "with its norm");
      try (NDManager manager = NDManager.newBaseManager(Devices.find(common.device), "PyTorch")) {
        for (int width : new int[] {64, 256}) {
          OptimizerBench.Result result = OptimizerBench.run(manager, width, 4, common.plan());
          Map<String, Object> row = new LinkedHashMap<>();
          row.put("parameters", result.values());
          row.put("tensors", result.tensors());
          row.put("ours", timed(result.ours()));
          row.put("djl", timed(result.djl()));
          row.put("norm", timed(result.norm()));
          Rounds.Timing both = result.djl().plus(result.norm());
          row.put("ratio", result.ours().over(result.djl()));
          row.put("ratioWithNorm", result.ours().over(both));
          rows.add(row);
          table.row(
              String.format(Locale.ROOT, "%,d", result.values()),
              Integer.toString(result.tensors()),
              millis(result.ours()),
              millis(result.djl()),
              millis(result.norm()),
              ratio(result.ours().over(result.djl())),
              ratio(result.ours().over(both)));
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

  /** A mixture of experts against a dense network. */
  @Command(
      name = "experts",
      mixinStandardHelpOptions = true,
      description = {
        "Time a mixture of feed-forward experts beside one dense network as wide as the experts that",
        "a token uses, so that both do the same multiplications."
      })
  static final class Experts implements Callable<Integer> {

    @Spec private CommandSpec spec;
    @Mixin private Common common;

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
        figures.put("forward_mixture", timed(result.mixture()));
        figures.put("forward_dense", timed(result.dense()));
        figures.put("forward_ratio", result.mixture().over(result.dense()));
        figures.put("both_mixture", timed(result.trainedMixture()));
        figures.put("both_dense", timed(result.trainedDense()));
        figures.put("both_ratio", result.trainedMixture().over(result.trainedDense()));
        Json.print(out, figures);
      } else {
        Table table = new Table();
        table.row("", "experts ms", "dense ms", "experts / dense");
        ratio(table, "forward", result.mixture(), result.dense());
        ratio(table, "+backward", result.trainedMixture(), result.trainedDense());
        table.print(out, "");
        out.flush();
      }
      return ExitCode.OK;
    }
  }

  /** A golden case's component beside its official code. */
  @Command(
      name = "case",
      mixinStandardHelpOptions = true,
      description = {
        "Time the component of a golden case, with the case's weights and inputs, beside a",
        "TorchScript module that takes the same inputs; an export of the official code has the same",
        "weights, and the difference of the outputs tells that both compute the same."
      })
  static final class Case implements Callable<Integer> {

    @Spec private CommandSpec spec;
    @Mixin private Common common;

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
          figures.put("our_prediction", timed(predicts));
          figures.put("prediction", timed(peerPredicts));
          figures.put("prediction_ratio", predicts.over(peerPredicts));
          figures.putAll(Train.compared(comparison));
          Json.print(out, figures);
        } else {
          out.printf(
              Locale.ROOT,
              "outputs differ by %.2g of the largest; the loss is their mean square%n",
              difference);
          Table table = new Table();
          table.row("", "ours ms", "peer ms", "ours / peer");
          ratio(table, "prediction", predicts, peerPredicts);
          ratio(table, "forward", comparison.forward(), comparison.peerForward());
          ratio(table, "forward and backward", comparison.both(), comparison.peerBoth());
          table.print(out, "  ");
          out.flush();
        }
      }
      return ExitCode.OK;
    }
  }

  /** A training step. */
  @Command(
      name = "train",
      mixinStandardHelpOptions = true,
      description = {
        "Time a training step of a model on random inputs, as a share of what a matrix product",
        "reaches in the same rounds; with --peer beside another TorchScript module."
      })
  static final class Train implements Callable<Integer> {

    @Spec private CommandSpec spec;
    @Mixin private Common common;
    @Mixin private ModelChoice choice;

    @Option(
        names = "--length",
        paramLabel = "N",
        defaultValue = "128",
        description = "Tokens in an example. Default: ${DEFAULT-VALUE}.")
    private int length;

    @Option(
        names = "--steps",
        paramLabel = "N",
        defaultValue = "0",
        description = "Watch the process's memory over so many steps more, for example 1000.")
    private int steps;

    @Option(
        names = "--peer",
        paramLabel = "FILE",
        description = "A TorchScript module (.pt) that takes the same inputs, run in turns.")
    private Path peer;

    @Override
    public Integer call() {
      common.check();
      PrintWriter out = spec.commandLine().getOut();
      Papers.Preset<?> preset = choice.preset();
      try (NDManager manager = NDManager.newBaseManager(Devices.find(common.device), "PyTorch");
          Workload workload =
              Workload.of(manager, preset, choice.overrides(), choice.batch, length)) {
        ModelBench.Training training =
            ModelBench.train(workload, manager, ModelChoice.isCausal(preset), common.plan(), steps);
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("model", preset.name());
        figures.put("inputs", workload.inputs().head().getShape().toString());
        figures.put("forward", timed(training.forward()));
        figures.put("forward_backward", timed(training.both()));
        figures.put("optimizer", timed(training.optimizer()));
        figures.put("step", timed(training.step()));
        figures.put("items_per_second", 1000 * training.items() / training.step().median());
        figures.put("operations", training.operations());
        figures.put("gigaflops", training.gigaflops());
        figures.put("matrix_product_gigaflops", training.peak());
        figures.put("share_of_matrix_product", training.gigaflops() / training.peak());
        if (steps > 0) {
          figures.put("watched_steps", steps);
          put(figures, "resident_before", training.residentBefore());
          put(figures, "resident_after", training.residentAfter());
        }
        ModelBench.Comparison comparison = null;
        if (peer != null) {
          try (Peer other = Peer.load(peer, manager, workload.inputs())) {
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
      row(table, "forward", training.forward());
      row(table, "forward and backward", training.both());
      row(table, "optimizer with clipping", training.optimizer());
      row(table, "step", training.step());
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
            megabytes(training.residentBefore()),
            megabytes(training.residentAfter()),
            steps);
      }
      if (comparison != null) {
        out.println("beside the peer, the mean of the squared outputs as loss");
        Table ratios = new Table();
        ratios.row("", "ours ms", "peer ms", "ours / peer");
        ratio(ratios, "forward", comparison.forward(), comparison.peerForward());
        ratio(ratios, "forward and backward", comparison.both(), comparison.peerBoth());
        ratio(
            ratios,
            "with the optimizer",
            comparison.both().plus(comparison.optimizer()),
            comparison.peerBoth().plus(comparison.optimizer()));
        ratios.print(out, "  ");
      }
      out.flush();
    }

    private static Map<String, Object> compared(ModelBench.Comparison comparison) {
      Map<String, Object> figures = new LinkedHashMap<>();
      figures.put("forward", timed(comparison.peerForward()));
      figures.put("forward_backward", timed(comparison.peerBoth()));
      figures.put("our_forward", timed(comparison.forward()));
      figures.put("our_forward_backward", timed(comparison.both()));
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

  /** Prediction. */
  @Command(
      name = "infer",
      mixinStandardHelpOptions = true,
      description = {
        "Time prediction of a model on random inputs: a whole batch, and for decoders the pass over",
        "the prompt and each token after it."
      })
  static final class Infer implements Callable<Integer> {

    @Spec private CommandSpec spec;
    @Mixin private Common common;
    @Mixin private ModelChoice choice;

    @Option(
        names = "--length",
        paramLabel = "N",
        defaultValue = "128",
        description = "Tokens in an example. Default: ${DEFAULT-VALUE}.")
    private int length;

    @Option(
        names = "--peer",
        paramLabel = "FILE",
        description = "A TorchScript module (.pt) that takes the same inputs, run in turns.")
    private Path peer;

    @Override
    public Integer call() {
      common.check();
      PrintWriter out = spec.commandLine().getOut();
      Papers.Preset<?> preset = choice.preset();
      try (NDManager manager = NDManager.newBaseManager(Devices.find(common.device), "PyTorch");
          Workload workload =
              Workload.of(manager, preset, choice.overrides(), choice.batch, length);
          Peer other = peer == null ? null : Peer.load(peer, manager, workload.inputs())) {
        ModelBench.Inference inference =
            ModelBench.infer(workload, other, ModelChoice.isCausal(preset), common.plan());
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
      figures.put("batch", timed(inference.pass()));
      figures.put("items_per_second", 1000 * inference.items() / inference.pass().median());
      if (inference.decode() != null) {
        figures.put("prefill", timed(inference.prefill()));
        figures.put("decode_per_token", timed(inference.decode()));
      }
      if (inference.peer() != null) {
        figures.put("peer", timed(inference.peer()));
        figures.put("ratio", inference.pass().over(inference.peer()));
      }
      return figures;
    }

    private static void print(
        PrintWriter out,
        Papers.Preset<?> preset,
        Workload workload,
        ModelBench.Inference inference) {
      out.println(preset.name() + ", inputs " + workload.inputs().head().getShape());
      Table table = new Table();
      table.row("", "median ms", "min", "max");
      row(table, "batch", inference.pass());
      if (inference.peer() != null) {
        row(table, "peer", inference.peer());
      }
      if (inference.decode() != null) {
        row(table, "prompt of one example", inference.prefill());
        row(table, "each token after it", inference.decode());
      }
      table.print(out, "  ");
      out.printf(
          Locale.ROOT,
          "%,.0f %s a second%n",
          1000 * inference.items() / inference.pass().median(),
          workload.hasLength() ? "tokens" : "examples");
      if (inference.peer() != null) {
        out.println("ours / peer: " + ratio(inference.pass().over(inference.peer())));
      }
      out.flush();
    }
  }

  /** Cost against activated tokens. */
  @Command(
      name = "activation",
      mixinStandardHelpOptions = true,
      description = {
        "Time a model that runs attention over activated tokens only, with a given share of them",
        "activated, and count the bytes of all arrays of a pass."
      })
  static final class Activation implements Callable<Integer> {

    @Spec private CommandSpec spec;
    @Mixin private Common common;
    @Mixin private ModelChoice choice;

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
      table.row(
          "share", "activated", "forward", "of last", "+backward", "of last", "MB", "of last");
      for (ActivationBench.Result result : results) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("share", result.share());
        row.put("activated", result.activated());
        row.put("forward", timed(result.forward()));
        row.put("forward_backward", timed(result.both()));
        row.put("bytes", result.bytes());
        rows.add(row);
        table.row(
            String.valueOf(result.share()),
            String.valueOf(result.activated()),
            millis(result.forward()),
            ratio(result.forward().over(last.forward())),
            millis(result.both()),
            ratio(result.both().over(last.both())),
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

  /** Cost against length. */
  @Command(
      name = "scaling",
      mixinStandardHelpOptions = true,
      description = {
        "Time a forward and a backward pass of one example at growing lengths, the cost of a token",
        "beside that of the first length, and the exponents of time and memory that fit best.",
        "With --beside and three lengths or more, also the length from which on the first model",
        "costs less than the other, by CAB's fits: linear for the first, quadratic for the other."
      })
  static final class Scaling implements Callable<Integer> {

    @Spec private CommandSpec spec;
    @Mixin private Common common;
    @Mixin private ModelChoice choice;

    @Option(
        names = "--lengths",
        paramLabel = "N",
        split = ",",
        defaultValue = "512,1024,2048,4096",
        description = "The lengths. Default: ${DEFAULT-VALUE}.")
    private List<Integer> lengths;

    @Option(
        names = "--beside",
        paramLabel = "MODEL",
        description = "Another preset, timed in the same rounds, for example decoder-tiny.")
    private String beside;

    @Option(names = "--forward", description = "Time prediction instead of training.")
    private boolean forward;

    @Override
    public Integer call() {
      common.check();
      PrintWriter out = spec.commandLine().getOut();
      if (lengths.stream().anyMatch(length -> length < 1)) {
        throw new UserException("--lengths " + lengths + " was given; each must be 1 or more");
      }
      List<Papers.Preset<?>> presets = new ArrayList<>(List.of(choice.preset()));
      if (beside != null) {
        presets.add(Papers.load().preset(beside));
      }
      Map<String, Map<Integer, Timing>> timings = new LinkedHashMap<>();
      presets.forEach(preset -> timings.put(preset.name(), new LinkedHashMap<>()));
      Map<Integer, Double> memory;
      try (NDManager manager = NDManager.newBaseManager(Devices.find(common.device), "PyTorch")) {
        memory = memory(manager);
        for (int length : lengths) {
          Map<String, Runnable> work = new LinkedHashMap<>();
          List<Workload> open = new ArrayList<>();
          try {
            for (Papers.Preset<?> preset : presets) {
              List<String> overrides = preset == presets.get(0) ? choice.overrides() : List.of();
              Workload workload = Workload.of(manager, preset, overrides, choice.batch, length);
              open.add(workload);
              if (!workload.hasLength()) {
                throw new UserException(
                    preset.name() + " has no length; scaling is for models that read tokens");
              }
              work.put(preset.name(), forward ? workload::predict : workload::forwardBackward);
            }
            Rounds.run(work, 2, common.plan())
                .forEach((name, timing) -> timings.get(name).put(length, timing));
          } finally {
            open.forEach(Workload::close);
          }
        }
      }
      if (common.json) {
        Json.print(out, describe(timings, memory));
      } else {
        print(out, timings, memory);
      }
      return ExitCode.OK;
    }

    /**
     * By how many bytes the process grows beyond the first pass of a single token, at growing
     * lengths, in a first pass of each; what is freed stays with the process, so lengths that do
     * not grow tell nothing.
     */
    private Map<Integer, Double> memory(NDManager manager) {
      Map<Integer, Double> grown = new LinkedHashMap<>();
      OptionalLong before = OptionalLong.empty();
      List<Integer> all = new ArrayList<>(List.of(1));
      lengths.stream().sorted().distinct().forEach(all::add);
      for (int length : all) {
        try (Workload workload =
            Workload.of(manager, choice.preset(), choice.overrides(), choice.batch, length)) {
          if (forward) {
            workload.predict();
          } else {
            workload.forwardBackward();
          }
        }
        OptionalLong peak = ProcessMemory.peak();
        if (before.isEmpty()) {
          before = peak;
        } else if (peak.isPresent() && peak.getAsLong() > before.getAsLong()) {
          grown.put(length, (double) peak.getAsLong() - before.getAsLong());
        }
      }
      return grown;
    }

    private Map<String, Object> describe(
        Map<String, Map<Integer, Timing>> timings, Map<Integer, Double> memory) {
      Map<String, Object> figures = new LinkedHashMap<>();
      figures.put("bytes_grown_at_length", memory);
      figures.put("memory_exponent", memory.size() < 2 ? null : exponent(memory));
      OptionalDouble efficiency = efficiencyLength(timings);
      figures.put("efficiency_length", efficiency.isPresent() ? efficiency.getAsDouble() : null);
      timings.forEach(
          (name, byLength) -> {
            List<Map<String, Object>> rows = new ArrayList<>();
            byLength.forEach(
                (length, timing) -> {
                  Map<String, Object> row = new LinkedHashMap<>();
                  row.put("length", length);
                  row.put("milliseconds", timed(timing));
                  row.put("token_cost_ratio", tokenCost(byLength, length));
                  rows.add(row);
                });
            Map<String, Object> figure = new LinkedHashMap<>();
            figure.put("lengths", rows);
            figure.put("exponent", exponent(medians(byLength)));
            figures.put(name, figure);
          });
      return figures;
    }

    private void print(
        PrintWriter out, Map<String, Map<Integer, Timing>> timings, Map<Integer, Double> memory) {
      out.println((forward ? "prediction" : "forward and backward") + ", batch " + choice.batch);
      Table table = new Table();
      table.row("", "length", "median ms", "us a token", "of the first");
      timings.forEach(
          (name, byLength) -> {
            byLength.forEach(
                (length, timing) ->
                    table.row(
                        name,
                        Integer.toString(length),
                        number(timing.median()),
                        number(1000 * timing.median() / length / choice.batch),
                        number(tokenCost(byLength, length))));
          });
      table.print(out, "  ");
      timings.forEach(
          (name, byLength) ->
              out.printf(
                  Locale.ROOT,
                  "%s: cost grows as length^%.2f (1 is linear, 2 is quadratic)%n",
                  name,
                  exponent(medians(byLength))));
      efficiencyLength(timings)
          .ifPresent(
              length ->
                  out.printf(
                      Locale.ROOT,
                      "%s costs less than %s from length %.0f on (CAB's efficiency length)%n",
                      choice.preset().name(),
                      beside,
                      length));
      if (memory.size() > 1) {
        out.printf(
            Locale.ROOT,
            "%s: memory of a pass grows as length^%.2f (%s)%n",
            choice.preset().name(),
            exponent(memory),
            memory.entrySet().stream()
                .map(e -> String.format(Locale.ROOT, "%d: %.0f MB", e.getKey(), e.getValue() / 1e6))
                .collect(Collectors.joining(", ")));
      }
      out.flush();
    }

    /** Nothing without another model, with few lengths, or if the fitted costs do not meet. */
    private OptionalDouble efficiencyLength(Map<String, Map<Integer, Timing>> timings) {
      if (timings.size() < 2 || lengths.size() < 3) {
        return OptionalDouble.empty();
      }
      List<double[]> costs = new ArrayList<>();
      double[] distinct = lengths.stream().distinct().mapToDouble(n -> n).toArray();
      timings
          .values()
          .forEach(
              byLength ->
                  costs.add(medians(byLength).values().stream().mapToDouble(c -> c).toArray()));
      double length = EfficiencyLength.of(distinct, costs.get(1), costs.get(0), true);
      return length > 0 && Double.isFinite(length)
          ? OptionalDouble.of(length)
          : OptionalDouble.empty();
    }

    private static double tokenCost(Map<Integer, Timing> byLength, int length) {
      Map.Entry<Integer, Timing> first = byLength.entrySet().iterator().next();
      return byLength.get(length).median() / length / (first.getValue().median() / first.getKey());
    }

    private static Map<Integer, Double> medians(Map<Integer, Timing> timings) {
      Map<Integer, Double> medians = new LinkedHashMap<>();
      timings.forEach((length, timing) -> medians.put(length, timing.median()));
      return medians;
    }

    /** The slope of the least-squares line through the logarithms. */
    private static double exponent(Map<Integer, Double> costs) {
      double meanX = costs.keySet().stream().mapToDouble(Math::log).average().orElse(0);
      double meanY = costs.values().stream().mapToDouble(Math::log).average().orElse(0);
      double covariance = 0;
      double variance = 0;
      for (Map.Entry<Integer, Double> entry : costs.entrySet()) {
        double x = Math.log(entry.getKey()) - meanX;
        covariance += x * (Math.log(entry.getValue()) - meanY);
        variance += x * x;
      }
      return variance == 0 ? 0 : covariance / variance;
    }
  }

  /** The Comprehensive Attention Benchmark. */
  @Command(
      name = "cab",
      mixinStandardHelpOptions = true,
      description = {
        "Run mixers in the four patterns of CAB, noncausal or causal, self or cross: does each do",
        "what the pattern means, and from which length on does it cost less than plain attention.",
        "Without names: plain attention and bounded memory, which support all patterns, and linear",
        "attention. 'zoo compare --list' names the mixers, each causal self attention.",
        "Memory is that of all arrays of a pass without kernels. No crossing: by the fits, one of",
        "the two costs less at all lengths."
      })
  static final class Patterns implements Callable<Integer> {

    private static final String PLAIN = "cab-attention";

    @Spec private CommandSpec spec;
    @Mixin private Common common;

    @Parameters(
        paramLabel = "MIXER",
        arity = "0..*",
        defaultValue = PLAIN + " cab-abc elu",
        split = " ",
        description = "The mixers. Default: ${DEFAULT-VALUE}.")
    private List<String> mixers;

    @Option(
        names = "--patterns",
        paramLabel = "PATTERN",
        split = ",",
        description =
            "The patterns: ${COMPLETION-CANDIDATES}. Default: those that each mixer declares.")
    private List<AttentionPattern> patterns = List.of();

    @Option(
        names = "--lengths",
        paramLabel = "N",
        split = ",",
        defaultValue = "128,256,512,1024",
        description = "The lengths, at least three. Default: ${DEFAULT-VALUE}.")
    private List<Integer> lengths;

    @Option(
        names = "--width",
        paramLabel = "N",
        defaultValue = "64",
        description = "The size of hidden states. Default: ${DEFAULT-VALUE}; CAB has 512.")
    private int width;

    @Option(
        names = "--heads",
        paramLabel = "N",
        defaultValue = "2",
        description = "The number of heads. Default: ${DEFAULT-VALUE}; CAB has 8.")
    private int heads;

    @Option(
        names = "--batch",
        paramLabel = "N",
        defaultValue = "4",
        description = "Examples in a batch. Default: ${DEFAULT-VALUE}.")
    private int batch;

    @Override
    public Integer call() {
      common.check();
      if (width < 1 || heads < 1 || width % heads != 0) {
        throw new UserException(
            "--width " + width + " --heads " + heads + " was given; heads must divide width");
      }
      Papers papers = Papers.load();
      CabBench.Plan plan =
          new CabBench.Plan(new MixerEntry.Sizes(width, heads, 1), batch, lengths, common.plan());
      List<CabBench.Row> rows;
      try (NDManager manager = NDManager.newBaseManager(Devices.find(common.device), "PyTorch")) {
        rows =
            new CabBench(plan, papers.patternMixer(PLAIN))
                .run(
                    manager,
                    mixers.stream().distinct().map(papers::patternMixer).toList(),
                    patterns.stream().distinct().toList());
      }
      PrintWriter out = spec.commandLine().getOut();
      if (common.json) {
        Json.print(out, rows.stream().map(Patterns::describe).toList());
      } else {
        print(out, rows);
      }
      boolean holds = rows.stream().allMatch(row -> row.finding().holds());
      return holds ? ExitCode.OK : ExitCode.SOFTWARE;
    }

    private static Map<String, Object> describe(CabBench.Row row) {
      Map<String, Object> figures = new LinkedHashMap<>();
      figures.put("mixer", row.mixer());
      figures.put("pattern", name(row));
      figures.put("holds", row.finding().holds());
      figures.put("leaks", row.finding().leaks());
      figures.put("reads", row.finding().reads());
      figures.put("milliseconds", row.milliseconds());
      figures.put("bytes", row.bytes());
      figures.put("efficiency_length_time", orNull(row.timeLength()));
      figures.put("efficiency_length_memory", orNull(row.memoryLength()));
      return figures;
    }

    private static String name(CabBench.Row row) {
      return row.finding().pattern().name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static Double orNull(OptionalDouble value) {
      return value.isPresent() ? value.getAsDouble() : null;
    }

    private void print(PrintWriter out, List<CabBench.Row> rows) {
      out.printf(
          Locale.ROOT, "width %d, heads %d, batch %d, lengths %s%n", width, heads, batch, lengths);
      Table table = new Table();
      table.row("pattern", "mixer", "does it", "ms", "MB", "cheaper from (time)", "(memory)", "");
      for (CabBench.Row row : rows) {
        table.row(
            name(row),
            row.mixer(),
            row.finding().holds() ? "yes" : "no",
            row.milliseconds().values().stream()
                .map(BenchCommand::number)
                .collect(Collectors.joining(", ")),
            row.bytes().values().stream()
                .map(b -> number(b / 1e6))
                .collect(Collectors.joining(", ")),
            length(row.timeLength(), row),
            length(row.memoryLength(), row),
            "");
      }
      table.print(out, "");
      out.flush();
    }

    private static String length(OptionalDouble length, CabBench.Row row) {
      return row.mixer().equals(PLAIN)
          ? "-"
          : length.isPresent()
              ? String.format(Locale.ROOT, "%.0f", length.getAsDouble())
              : "no crossing";
    }
  }

  private static void put(Map<String, Object> figures, String key, OptionalLong value) {
    figures.put(key, value.isPresent() ? value.getAsLong() : null);
  }

  private static Map<String, Object> timed(Timing timing) {
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("median_ms", timing.median());
    figures.put("minimum_ms", timing.minimum());
    figures.put("maximum_ms", timing.maximum());
    figures.put("samples_ms", timing.samples());
    return figures;
  }

  private static void row(Table table, String name, Timing timing) {
    table.row(name, number(timing.median()), number(timing.minimum()), number(timing.maximum()));
  }

  private static void ratio(Table table, String name, Timing ours, Timing theirs) {
    table.row(name, millis(ours), millis(theirs), ratio(ours.over(theirs)));
  }

  private static String millis(Timing timing) {
    return number(timing.median());
  }

  private static String ratio(Ratio ratio) {
    return String.format(
        Locale.ROOT, "%.2f (%.2f to %.2f)", ratio.ofMedians(), ratio.smallest(), ratio.largest());
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, value < 10 ? "%.3f" : "%.1f", value);
  }

  private static String megabytes(OptionalLong bytes) {
    return bytes.isPresent()
        ? String.format(Locale.ROOT, "%.0f MB", bytes.getAsLong() / 1e6)
        : "unknown";
  }
}
