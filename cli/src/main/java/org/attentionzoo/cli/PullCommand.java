package org.attentionzoo.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.attentionzoo.models.hub.FileSelection;
import org.attentionzoo.models.hub.Hub;
import org.attentionzoo.models.hub.HubReference;
import org.attentionzoo.models.hub.HubSettings;
import org.attentionzoo.models.hub.Snapshot;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Downloads a model from a hub. */
@Command(
    name = "pull",
    mixinStandardHelpOptions = true,
    description = {
      "Download a model from huggingface.co into the cache that its own tools use.",
      "Prints the model's folder. What is there already is not downloaded again; what broke off "
          + "goes on.",
      "",
      "Environment: HF_ENDPOINT, HF_TOKEN, HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE."
    })
final class PullCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "OWNER/NAME[@REVISION]",
      description = "Which model; the revision is a branch, a tag or a commit (main if none).")
  private String model;

  @Option(
      names = "--include",
      paramLabel = "PATTERN",
      description =
          "Download the files that match, for example '*.json'; several times for several. By "
              + "default what this program reads: not the weights of other frameworks.")
  private List<String> include = List.of();

  @Option(
      names = "--exclude",
      paramLabel = "PATTERN",
      description = "Leave out the files that match; several times for several.")
  private List<String> exclude = List.of();

  @Option(names = "--offline", description = "Look into the cache only.")
  private boolean offline;

  @Option(names = "--json", description = "Print as JSON.")
  private boolean json;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    HubReference reference = HubReference.parse(model);
    FileSelection selection = FileSelection.of(include, exclude);
    HubSettings settings = Environment.hubSettings();
    Snapshot snapshot;
    try (PullDisplay display = PullDisplay.on(err)) {
      Hub hub = new Hub(offline ? settings.atRest() : settings);
      snapshot = hub.pull(reference, selection, display);
    }
    if (json) {
      Map<String, Object> found = new LinkedHashMap<>();
      found.put("model", reference.id());
      found.put("revision", reference.revision());
      found.put("commit", snapshot.commit());
      found.put("folder", snapshot.folder().toString());
      found.put("files", snapshot.files());
      found.put("left", snapshot.left());
      Json.print(out, found);
    } else {
      if (!snapshot.left().isEmpty()) {
        err.println("not wanted: " + String.join(", ", snapshot.left()));
        err.flush();
      }
      out.println(snapshot.folder());
      out.flush();
    }
    return ExitCode.OK;
  }
}
