package org.attentionzoo.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.Papers;
import org.attentionzoo.training.ModelEdit;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.run.EditedModel;
import org.attentionzoo.training.run.TrainedModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Takes parts out of a trained model, or puts some in. */
@Command(
    name = "edit",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Take parts out of a trained model, or put some in.",
      "",
      "  zoo edit --list",
      "  zoo edit runs/tuned prune-experts below=0.02",
      "  zoo edit runs/tuned prune-experts below=0.02 --out runs/pruned",
      "  zoo edit runs/tuned insert-experts count=2 --out runs/wider",
      "",
      "Without --out it only tells what would be done. What it writes is a run: zoo eval and zoo"
          + " generate take it, zoo train --from begins with it.",
      ""
    })
final class EditCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "RUN EDIT KEY=VALUE",
      arity = "0..*",
      description = "A run's folder or one of its checkpoints, the edit, then its options.")
  private List<String> arguments = List.of();

  @Option(names = "--list", description = "Name the edits with their options.")
  private boolean list;

  @Option(names = "--out", paramLabel = "DIR", description = "The folder of the edited model.")
  private Path out;

  @Option(
      names = "--data",
      paramLabel = "SCHEME:LOCATION",
      description = "What the model is evaluated on if the edit asks; by default its own data.")
  private String data = "";

  @Mixin private ValidationBatches batches = new ValidationBatches();

  @Option(names = "--device", paramLabel = "DEVICE", description = "cpu, gpu or gpu:<number>.")
  private String device = "cpu";

  @Override
  public Integer call() {
    PrintWriter stdout = spec.commandLine().getOut();
    if (list) {
      Table table = new Table();
      for (ModelEdit edit : EditedModel.edits()) {
        table.row(edit.name(), edit.model(), edit.summary());
        Configs.toMap(edit.defaults())
            .forEach((key, value) -> table.row("", key + "=" + value, ""));
      }
      table.print(stdout, "");
      stdout.flush();
      return ExitCode.OK;
    }
    if (arguments.size() < 2) {
      throw new UserException(
          "expected a run and an edit, for example zoo edit runs/mine prune-experts ('zoo edit"
              + " --list' names the edits)");
    }
    Papers papers = Papers.load();
    try (TrainedModel source =
        TrainedModel.load(papers, ModelPath.ofFolder(arguments.get(0)), device)) {
      Task task = source.task(data);
      List<String> settings = arguments.subList(2, arguments.size());
      EditedModel edited =
          EditedModel.of(papers, source, arguments.get(1), settings, task, batches.count());
      try (TrainedModel model = edited.model()) {
        edited.notes().forEach(stdout::println);
        Table table = new Table();
        edited
            .figures()
            .forEach(
                (name, value) ->
                    table.row(
                        name.replace('_', ' '),
                        String.format(Locale.ROOT, "%.3f", value).replaceAll("\\.?0+$", "")));
        table.print(stdout, "  ");
        if (out != null) {
          edited.save(out, Map.of("command", Zoo.command(spec)));
          stdout.println("run folder: " + out);
        }
        stdout.flush();
      }
    }
    return ExitCode.OK;
  }
}
