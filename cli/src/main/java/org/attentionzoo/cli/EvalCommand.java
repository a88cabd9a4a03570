package org.attentionzoo.cli;

import ai.djl.ndarray.NDArray;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.attentionzoo.blocks.NoSuchTapException;
import org.attentionzoo.blocks.Taps;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.onnx.OnnxModel;
import org.attentionzoo.models.onnx.OnnxSession;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.run.Evaluation;
import org.attentionzoo.training.run.RunConfig;
import org.attentionzoo.training.run.TrainedModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Evaluates a trained model. */
@Command(
    name = "eval",
    mixinStandardHelpOptions = true,
    description = {
      "Evaluate a trained model on the validation part, beside plain baselines.",
      "",
      "  zoo eval runs/titans-mac-tiny-20260101-120000",
      "  zoo eval sasrec --weights released.pth --data interactions:ml-1m.txt task.part=test",
      ""
    })
final class EvalCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = "RUN|MODEL",
      description =
          "A run's folder (its best checkpoint is taken), one of its checkpoints, a Hugging Face "
              + "folder or owner/name of one that zoo pull brought; with --weights, a model or "
              + "recipe.")
  private String run;

  @Mixin private WeightOptions weights = new WeightOptions();

  @Option(
      names = "--data",
      paramLabel = "SCHEME:LOCATION",
      description = "What to evaluate on; by default what the model was trained on.")
  private String data = "";

  @Mixin private ValidationBatches batches = new ValidationBatches();

  @Parameters(
      index = "1..*",
      paramLabel = "KEY=VALUE",
      description =
          "What differs from the run's task options, for example task.part=test; with --weights, "
              + "also from the model's.")
  private List<String> settings = List.of();

  @Option(names = "--device", paramLabel = "DEVICE", description = "cpu, gpu or gpu:<number>.")
  private String device = "cpu";

  @Option(
      names = "--zero",
      paramLabel = "TAP",
      description =
          "Replace what stands at a tap by zeros, to see what the model owes it; * matches any "
              + "part, for example '*.memory.output'. May be given several times.")
  private List<String> zeros = List.of();

  @Option(
      names = "--engine",
      paramLabel = "ENGINE",
      description =
          "pytorch, or onnxruntime to evaluate an ONNX file: one that zoo export wrote, or any "
              + "other with --as.")
  private String engine = "pytorch";

  @Option(
      names = "--as",
      paramLabel = "MODEL",
      description = "The model or recipe whose place an ONNX file takes; by default what it names.")
  private String as;

  @Option(names = "--json", description = "Print as JSON.")
  private boolean json;

  private Taps taps(TrainedModel model) {
    if (zeros.isEmpty()) {
      return Taps.NONE;
    }
    Taps taps = Taps.on(model.model());
    try {
      zeros.forEach(pattern -> taps.replace(pattern, NDArray::zerosLike));
    } catch (NoSuchTapException e) {
      throw new UserException(e.getMessage(), e);
    }
    return taps;
  }

  private TrainedModel graph(OnnxSession session) {
    if (!zeros.isEmpty() || weights.weights().isPresent()) {
      throw new UserException("an ONNX file has neither taps nor other weights; leave them out");
    }
    Papers papers = Papers.load();
    OnnxModel graph = new OnnxModel(session);
    if (as != null) {
      List<String> ofModel = settings.stream().filter(s -> !s.startsWith("task.")).toList();
      return TrainedModel.inPlaceOf(papers, as, ofModel, graph, run);
    }
    String told = session.metadata().get("zoo_run");
    if (told == null) {
      throw new UserException(
          run + " does not say which model it is; name one whose place it takes with --as");
    }
    RunConfig config = Configs.fromMap(RunConfig.class, Configs.parse(told, run));
    return TrainedModel.inPlaceOf(papers, config, graph, run);
  }

  private TrainedModel load() {
    Papers papers = Papers.load();
    return weights
        .weights()
        .map(w -> TrainedModel.load(papers, run, settings, w, device))
        .orElseGet(() -> TrainedModel.load(papers, trained(papers), device));
  }

  private Path trained(Papers papers) {
    if (run.endsWith(".onnx") && Files.isRegularFile(Path.of(run))) {
      throw new UserException(
          run + " is an ONNX file, which pytorch does not run; add --engine onnxruntime");
    }
    return ModelPath.ofTrained(papers, run);
  }

  /** With weights from elsewhere, settings of the model have been used already. */
  private List<String> taskSettings() {
    return weights.weights().isEmpty() && as == null
        ? settings
        : settings.stream().filter(setting -> setting.startsWith("task.")).toList();
  }

  @Override
  public Integer call() {
    if (engine.equals("pytorch")) {
      if (as != null) {
        throw new UserException("--as is for ONNX files; add --engine onnxruntime");
      }
      try (TrainedModel model = load()) {
        return evaluate(model);
      }
    }
    if (!engine.equals("onnxruntime")) {
      throw new UserException("--engine " + engine + " was given; expected pytorch or onnxruntime");
    }
    if (!device.equals("cpu")) {
      throw new UserException(
          "--device " + device + " was given; ONNX Runtime runs on the cpu here; leave it out");
    }
    try (OnnxSession session = OnnxSession.open(ModelPath.of(run));
        TrainedModel model = graph(session)) {
      return evaluate(model);
    }
  }

  private Evaluation.Result evaluate(TrainedModel model, Task task) {
    try (ProgressLine line = ProgressLine.on(spec.commandLine().getErr())) {
      return model
          .evaluate(
              task,
              batches.count(),
              taps(model),
              (done, all) -> {
                line.show(spec.qualifiedName() + ": " + done + " of " + all + " batches");
                return true;
              })
          .orElseThrow();
    }
  }

  private Integer evaluate(TrainedModel model) {
    PrintWriter out = spec.commandLine().getOut();
    model.notes().forEach(spec.commandLine().getErr()::println);
    Task task = model.task(data, taskSettings());
    Evaluation.Result result = evaluate(model, task);
    if (json) {
      Map<String, Object> figures = new LinkedHashMap<>();
      figures.put("model", model.config().model());
      figures.put("weights", model.origin());
      model
          .checkpoint()
          .ifPresent(
              checkpoint -> {
                figures.put("checkpoint", checkpoint.folder().toString());
                figures.put("step", checkpoint.state().step());
              });
      figures.put("zeroed", zeros);
      figures.put("data", task.description());
      figures.put("items", result.items());
      figures.put("metrics", result.metrics());
      figures.put("baselines", Report.baselines(task));
      Json.print(out, figures);
    } else {
      out.println(
          model.config().model()
              + model.checkpoint().map(c -> " of step " + c.state().step()).orElse("")
              + ", "
              + model.origin());
      Report.print(out, task, result);
      out.flush();
    }
    return ExitCode.OK;
  }
}
