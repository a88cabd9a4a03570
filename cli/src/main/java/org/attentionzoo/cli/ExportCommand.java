package org.attentionzoo.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.onnx.ModelSignatures;
import org.attentionzoo.models.onnx.NotExpressibleException;
import org.attentionzoo.models.onnx.OnnxExport;
import org.attentionzoo.models.onnx.Signature;
import org.attentionzoo.training.run.Recipes;
import org.attentionzoo.training.run.TrainedModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes models for other programs. */
@Command(
    name = "export",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Write a model as an ONNX file for any batch and length.",
      "",
      "  zoo export runs/sasrec-tiny-20260101-120000 -o sasrec.onnx",
      "  zoo export sasrec --weights released.pth model.norm=legacy -o sasrec.onnx",
      "",
      "The file is compared with the model in ONNX Runtime, at three sizes that the graph was not"
          + " made from, before it is put in place.",
      ""
    })
final class ExportCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = "RUN|MODEL",
      description =
          "A run's folder, one of its checkpoints, a Hugging Face folder or the name of one that "
              + "zoo pull brought; a model or recipe, with --weights or with initial weights.")
  private String name;

  @Parameters(
      index = "1..*",
      paramLabel = "KEY=VALUE",
      description = "Changes of a model's config, for example model.layers=2.")
  private List<String> settings = List.of();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      required = true,
      description = "Where to; replaced only with --force.")
  private Path output;

  @Option(names = "--format", paramLabel = "FORMAT", description = "onnx, the only one so far.")
  private String format = "onnx";

  @Mixin private WeightOptions weights = new WeightOptions();

  @Option(
      names = "--no-mask",
      description = "Leave out the input attention_mask: no row is ever padded.")
  private boolean noMask;

  @Option(names = "--fixed-image", description = "Keep the image size of the config.")
  private boolean fixedImage;

  @Option(names = "--force", description = "Replace what is there.")
  private boolean force;

  private TrainedModel load() {
    Papers papers = Papers.load();
    if (weights.weights().isPresent()) {
      return TrainedModel.load(papers, name, settings, weights.weights().get(), "cpu");
    }
    // A recipe is called as the models of a hub are, and comes first unless a folder has its name.
    boolean recipe = Recipes.names(papers).contains(name);
    Path path = recipe ? Path.of(name) : ModelPath.of(name);
    if (Files.exists(path)) {
      if (!settings.isEmpty()) {
        throw new UserException(
            settings.get(0) + " was given, but " + name + " has its config already; leave it out");
      }
      return TrainedModel.load(papers, path, "cpu");
    }
    return TrainedModel.initial(papers, name, settings, "cpu");
  }

  @Override
  public Integer call() throws IOException {
    if (!format.equals("onnx")) {
      throw new UserException("--format " + format + " was given; onnx is the only one so far");
    }
    if (Files.isDirectory(output)) {
      throw new UserException(
          output
              + " is a folder; give a file to write to, for example -o "
              + output.resolve("model.onnx"));
    }
    if (Files.exists(output) && !force) {
      throw new UserException(output + " is there already; --force replaces it");
    }
    PrintWriter out = spec.commandLine().getOut();
    try (TrainedModel model = load()) {
      model.notes().forEach(spec.commandLine().getErr()::println);
      String title = model.config().model();
      Signature signature =
          ModelSignatures.of(
              model.model(),
              model.manager(),
              model.entry().kind(),
              model.config().modelOverrides(),
              new ModelSignatures.Options(!noMask, !fixedImage));
      OnnxExport.Result result;
      try {
        result =
            new OnnxExport(model.model(), model.manager(), signature)
                .write(output, title, metadata(model));
      } catch (NotExpressibleException e) {
        throw new UserException(title + " cannot be exported: " + e.getMessage(), e);
      }
      out.printf(
          Locale.ROOT,
          "%s  %,d bytes, %,d parameters, %,d operations, opset %d%n",
          output,
          Files.size(output),
          StateDict.countTrainable(model.model()),
          result.nodes(),
          OnnxExport.OPERATIONS);
      out.println("inputs " + String.join(", ", signature.inputs()) + "; made from runs at");
      result.recorded().forEach(sizes -> out.println("  " + sizes));
      out.println("compared with the model in ONNX Runtime");
      for (OnnxExport.Check check : result.checks()) {
        out.printf(
            Locale.ROOT,
            "  %s  max difference %.2e, largest value %.2e%n",
            check.sizes(),
            check.difference(),
            check.largest());
      }
      out.printf(Locale.ROOT, "max difference %.2e%n", result.worst());
      if (result.checks().stream().allMatch(check -> check.largest() == 0)) {
        out.println("the model gives zeros only, so that the comparison says nothing");
      }
      out.flush();
    }
    return ExitCode.OK;
  }

  private static Map<String, String> metadata(TrainedModel model) {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("zoo_version", Versions.read().getProperty("zoo"));
    metadata.put("zoo_model", model.config().model());
    metadata.put("zoo_paper", model.entry().paper());
    metadata.put("zoo_weights", model.origin());
    metadata.put("zoo_run", Configs.toYaml(model.config()));
    metadata.put("license", "code: Apache-2.0; weights: as where they come from");
    return metadata;
  }
}
