package org.attentionzoo.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.attentionzoo.blocks.AtomicFile;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.eval.profile.StepProfiler;
import org.attentionzoo.eval.profile.Trace;
import org.attentionzoo.eval.report.HtmlReport;
import org.attentionzoo.eval.report.RunHistory;
import org.attentionzoo.eval.report.TensorBoardLog;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.Papers;
import org.attentionzoo.training.run.Evaluation;
import org.attentionzoo.training.run.ProcessMemory;
import org.attentionzoo.training.run.Recipes;
import org.attentionzoo.training.run.RunConfig;
import org.attentionzoo.training.run.TrainingResult;
import org.attentionzoo.training.run.TrainingRun;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Trains a model, and says how good it became. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Train a model and compare it with plain baselines on the validation part.",
      "",
      "  zoo train titans-mac-tiny --data text:input.txt steps=500 optimizer.lr=0.001",
      "  zoo train moh-lm-tiny --from runs/decoder-tiny-20260101-120000 steps=200",
      "  zoo train --resume runs/titans-mac-tiny-20260101-120000 steps=2000",
      "",
      "Every key of the config can be given as key=value, those of the model as model.<key>"
          + " ('zoo show MODEL' lists them), those of the data as task.<key>. Ctrl-C finishes the"
          + " step and saves.",
      ""
    })
final class TrainCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "MODEL|RECIPE|KEY=VALUE",
      arity = "0..*",
      completionCandidates = Names.Models.class,
      description = "A model ('zoo list'), a recipe (<paper>/<name> or a YAML file), then changes.")
  private List<String> arguments = List.of();

  @Option(
      names = "--data",
      paramLabel = "SCHEME:LOCATION",
      description =
          "What to train on, for example text:<file or folder>; 'zoo data schemes' lists the rest.")
  private String data;

  @Option(
      names = "--from",
      paramLabel = "DIR",
      description =
          "Begin with the weights and the tokenizer of this run (its best checkpoint), of this"
              + " checkpoint, of a Hugging Face folder, or of owner/name of one that zoo pull"
              + " brought. A run's model of another kind is converted where that is known, for"
              + " example a decoder to a moh-lm; the same as initialFrom=DIR.")
  private String from;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "The run's folder; by default runs/<model>-<time>.")
  private Path out;

  @Option(
      names = "--resume",
      paramLabel = "DIR",
      description = "Go on with the run of this folder from its newest checkpoint.")
  private Path resume;

  @Mixin private WeightOptions weights = new WeightOptions();

  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      description = "cpu, gpu or gpu:<number>; by default what the config says.")
  private String device;

  @Option(
      names = "--profile",
      description =
          "Record the first steps and keep three of them (fewer if fewer are left, or if the run "
              + "evaluates or saves after each) in trace.json of the run's folder (the Chrome "
              + "format, which chrome://tracing and Perfetto open) and print the ten dearest "
              + "operators.")
  private boolean profile;

  @Option(
      names = "--dry-run",
      description =
          "Only take the first steps, an evaluation batch and a checkpoint, of which nothing is "
              + "kept, and say how long the whole would take, and how much memory and disk.")
  private boolean dryRun;

  @Override
  public Integer call() {
    List<String> overrides = new ArrayList<>(arguments);
    String name = resume == null ? takeName(overrides) : null;
    for (String override : overrides) {
      if (override.indexOf('=') < 1) {
        throw new UserException(
            "'" + override + "' is no change of the config; expected key=value");
      }
    }
    add(overrides, "--data", "data", data);
    add(overrides, "--from", "initialFrom", from == null ? null : ModelPath.of(from));
    add(overrides, "--device", "device", device);
    if (dryRun) {
      return rehearse(name, overrides);
    }
    try (TrainingRun run = prepare(name, overrides)) {
      return train(run);
    }
  }

  /** An option that is the same as a key of the config. */
  private static void add(List<String> overrides, String option, String key, Object value) {
    if (value == null) {
      return;
    }
    for (String override : overrides) {
      if (Configs.split(override).getKey().equals(key)) {
        throw new UserException(
            option + " " + value + " and '" + override + "' set the same; keep one");
      }
    }
    overrides.add(key + "=" + value);
  }

  private static String takeName(List<String> arguments) {
    if (arguments.isEmpty() || arguments.get(0).contains("=")) {
      throw new UserException(
          "no model was given; for example zoo train titans-mac-tiny --data text:<file or folder>");
    }
    return arguments.remove(0);
  }

  private TrainingRun prepare(String name, List<String> overrides) {
    Papers papers = Papers.load();
    if (resume != null) {
      if (out != null) {
        throw new UserException("--resume goes on in its own folder; leave out --out");
      }
      if (weights.weights().isPresent()) {
        throw new UserException("--resume goes on with the run's weights; leave out --weights");
      }
      return TrainingRun.resume(papers, resume, overrides);
    }
    RunConfig config = Recipes.resolve(papers, name, overrides);
    Path folder = out == null ? TrainingRun.defaultFolder(config) : out;
    Map<String, Object> provenance = new LinkedHashMap<>();
    provenance.put("command", Zoo.command(spec));
    return TrainingRun.start(papers, config, folder, provenance, weights.weights().orElse(null));
  }

  private int rehearse(String name, List<String> overrides) {
    if (resume != null || profile) {
      throw new UserException("--dry-run is for a new run, without --resume and --profile");
    }
    Papers papers = Papers.load();
    RunConfig config = Recipes.resolve(papers, name, overrides);
    boolean finished =
        Rehearsal.run(
            papers,
            config,
            weights.weights().orElse(null),
            out == null ? TrainingRun.defaultFolder(config) : out,
            spec.commandLine().getOut(),
            spec.commandLine().getErr());
    return finished ? ExitCode.OK : Interruption.EXIT;
  }

  private int train(TrainingRun run) {
    PrintWriter stdout = spec.commandLine().getOut();
    PrintWriter stderr = spec.commandLine().getErr();
    stderr.printf(
        Locale.ROOT,
        "%s on %s, %,d parameters, %d steps, in %s%n",
        run.config().model(),
        run.config().data(),
        StateDict.countTrainable(run.model()),
        run.config().steps(),
        run.folder().path());
    run.notes().forEach(stderr::println);
    stderr.flush();
    long start = System.nanoTime();
    try (ProgressDisplay display = ProgressDisplay.on(stderr, run.task().item());
        TensorBoardLog tensorBoard =
            new TensorBoardLog(
                run.folder().path().resolve("tensorboard"), run.config().logEvery());
        StepProfiler profiler = new StepProfiler(run.folder().path().resolve("trace.json"));
        Interruption interruption = Interruption.asking(run::requestStop, stderr)) {
      run.addListener(display);
      run.addListener(tensorBoard);
      if (profile) {
        run.addListener(profiler);
      }
      TrainingResult result = run.train();
      display.close();
      if (!result.finished()) {
        stdout.printf(
            Locale.ROOT,
            "stopped after step %d of %d, saved in %s%ngo on with: zoo train --resume %s%n",
            result.step(),
            result.steps(),
            result.checkpoint(),
            run.folder().path());
        stdout.flush();
        return Interruption.EXIT;
      }
      Duration duration = Duration.ofNanos(System.nanoTime() - start);
      report(run, result, duration, stdout);
      profiler
          .trace()
          .ifPresentOrElse(
              trace -> print(trace, profiler.steps(), stdout),
              () -> {
                if (profile) {
                  stdout.println("no profile: no step was left to record; give more steps");
                }
              });
      return ExitCode.OK;
    }
  }

  /** The run is safe by now; a machine without fonts is no reason to fail. */
  private static void writeReport(Path folder, PrintWriter stdout) throws IOException {
    Path file = folder.resolve("report.html");
    try {
      AtomicFile.write(file, HtmlReport.of(List.of(RunHistory.read(folder))));
      stdout.println("report: " + file);
    } catch (UserException e) {
      stdout.println("no report: " + e.getMessage());
    }
  }

  private static void print(Trace trace, int steps, PrintWriter stdout) {
    List<Trace.Operator> operators = trace.operators();
    double all = operators.stream().mapToDouble(Trace.Operator::milliseconds).sum();
    stdout.printf(Locale.ROOT, "the ten dearest operators of %d steps%n", steps);
    Table table = new Table();
    table.row("", "calls", "ms", "share");
    for (Trace.Operator operator : operators.subList(0, Math.min(10, operators.size()))) {
      table.row(
          operator.name(),
          Long.toString(operator.calls()),
          String.format(Locale.ROOT, "%.2f", operator.milliseconds()),
          String.format(Locale.ROOT, "%.1f%%", 100 * operator.milliseconds() / all));
    }
    table.print(stdout, "  ");
    stdout.flush();
  }

  private static void report(
      TrainingRun run, TrainingResult result, Duration duration, PrintWriter stdout) {
    boolean whole = run.config().evaluateBatches() == 0;
    Evaluation.Result validation = result.validation().filter(r -> whole).orElseGet(run::evaluate);
    stdout.printf(
        Locale.ROOT,
        "%s: %d steps in %s%n",
        run.config().model(),
        result.steps(),
        ProgressDisplay.format(duration));
    Report.print(stdout, run.task(), validation);
    ProcessMemory.peak()
        .ifPresent(bytes -> stdout.printf(Locale.ROOT, "memory: at most %.0f MB%n", bytes / 1e6));
    result
        .bestStep()
        .filter(step -> step != result.steps())
        .ifPresent(step -> stdout.println("best after step " + step + ", which zoo eval takes"));
    StringWriter sample = new StringWriter();
    TextSample.ofValidation(run.model(), run.manager(), run.task(), new PrintWriter(sample, true));
    stdout.print(sample);
    Path folder = run.folder().path();
    try {
      if (!sample.toString().isEmpty()) {
        AtomicFile.write(folder.resolve(RunHistory.SAMPLE), sample.toString());
      }
      writeReport(folder, stdout);
    } catch (IOException e) {
      throw new UserException("cannot write the report to " + folder + ": " + e, e);
    }
    stdout.println("run folder: " + folder);
    stdout.flush();
  }
}
