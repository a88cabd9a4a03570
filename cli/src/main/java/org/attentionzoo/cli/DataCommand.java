package org.attentionzoo.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.attentionzoo.datasets.catalog.Dataset;
import org.attentionzoo.datasets.catalog.DatasetCatalog;
import org.attentionzoo.datasets.catalog.Located;
import org.attentionzoo.datasets.catalog.PublishedFile;
import org.attentionzoo.models.Configs;
import org.attentionzoo.training.TaskProvider;
import org.attentionzoo.training.tasks.Tasks;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Published data sets: which there are, bringing them here, comparing them with what is pinned. */
@Command(
    name = "data",
    mixinStandardHelpOptions = true,
    description = {
      "List, download and verify published data sets.",
      "They are looked for in the folder that ZOO_DATA names, then in the cache (ZOO_CACHE, by "
          + "default ~/.cache/attention-zoo). --data <scheme>:<name> trains on one; 'zoo data schemes' "
          + "lists all that --data takes.",
      "",
      "Environment: ZOO_DATA, ZOO_CACHE, ZOO_OFFLINE."
    },
    subcommands = {
      DataCommand.Listing.class,
      DataCommand.Schemes.class,
      DataCommand.Get.class,
      DataCommand.Verify.class
    })
final class DataCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getOut());
    return ExitCode.OK;
  }

  private static DatasetCatalog catalog(boolean offline) {
    Map<String, String> variables = new HashMap<>(System.getenv());
    // A program that runs commands in its own process cannot change its environment.
    for (String name : List.of("ZOO_DATA", "ZOO_CACHE", "ZOO_OFFLINE")) {
      if (System.getProperty(name) != null) {
        variables.put(name, System.getProperty(name));
      }
    }
    if (offline) {
      variables.put("ZOO_OFFLINE", "1");
    }
    return DatasetCatalog.of(variables);
  }

  private static String size(long bytes) {
    return bytes < 0
        ? "size not known"
        : String.format(Locale.ROOT, bytes < 1e6 ? "%.3f MB" : "%,.1f MB", bytes / 1e6);
  }

  /** What of a data set is to be had, and how surely. */
  private static String source(Dataset dataset) {
    List<PublishedFile> downloads = dataset.downloads();
    if (downloads.isEmpty()) {
      return "no address known";
    }
    boolean pinned = downloads.stream().allMatch(PublishedFile::isPinned);
    return "to download, "
        + size(dataset.downloadSize())
        + (pinned ? "" : ", not all of it pinned");
  }

  private static String state(DatasetCatalog catalog, Dataset dataset) {
    if (catalog.locate(dataset).isPresent()) {
      return "here";
    }
    return (catalog.locateAny(dataset).isPresent() ? "partly here; " : "") + source(dataset);
  }

  /** Lists what {@code --data} takes. */
  @Command(
      name = "schemes",
      mixinStandardHelpOptions = true,
      description = {
        "List what --data takes: files of yours, data sets and generated tasks.",
        "One name shows the options of its task."
      })
  static final class Schemes implements Callable<Integer> {

    @Spec private CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "SCHEME", description = "For example mqar.")
    private String scheme;

    @Option(names = "--json", description = "Print as JSON, with the options and their defaults.")
    private boolean json;

    @Override
    public Integer call() {
      PrintWriter out = spec.commandLine().getOut();
      Collection<TaskProvider> chosen =
          scheme == null ? Tasks.all().values() : List.of(Tasks.parse(scheme).provider());
      if (json) {
        Json.print(out, chosen.stream().map(Schemes::describe).toList());
      } else {
        Table uses = new Table();
        chosen.forEach(provider -> uses.row(provider.usage().split(" {2,}", 2)));
        uses.print(out, "");
        if (scheme != null) {
          Table table = new Table();
          options(chosen.iterator().next())
              .forEach((key, value) -> table.row("task." + key, String.valueOf(value)));
          table.print(out, "  ");
        }
      }
      out.flush();
      return ExitCode.OK;
    }

    private static Map<String, Object> options(TaskProvider provider) {
      return Configs.toMap(provider.defaults());
    }

    private static Map<String, Object> describe(TaskProvider provider) {
      Map<String, Object> description = new LinkedHashMap<>();
      description.put("scheme", provider.scheme());
      description.put("usage", provider.usage());
      description.put("options", options(provider));
      return description;
    }
  }

  /** Lists the data sets. */
  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      description = {
        "List the data sets: what they are, whether they are here, how they are used.",
        "One name shows all that is known of it."
      })
  static final class Listing implements Callable<Integer> {

    @Spec private CommandSpec spec;

    @Parameters(
        arity = "0..1",
        paramLabel = "NAME",
        description = "A data set, or a part of its name.")
    private String pattern;

    @Option(names = "--json", description = "Print as JSON.")
    private boolean json;

    @Override
    public Integer call() {
      PrintWriter out = spec.commandLine().getOut();
      DatasetCatalog catalog = catalog(false);
      List<Dataset> chosen = new ArrayList<>();
      for (Dataset dataset : catalog.all().values()) {
        if (pattern == null || dataset.name().contains(pattern.toLowerCase(Locale.ROOT))) {
          chosen.add(dataset);
        }
      }
      if (chosen.isEmpty()) {
        catalog.find(pattern); // says what there is
      }
      if (json) {
        Json.print(out, chosen.stream().map(d -> describe(catalog, d)).toList());
      } else if (pattern != null && catalog.all().containsKey(pattern.toLowerCase(Locale.ROOT))) {
        detail(out, catalog, catalog.find(pattern));
      } else {
        Table table = new Table();
        for (Dataset dataset : chosen) {
          table.row(dataset.name(), state(catalog, dataset), dataset.use().get(0), dataset.title());
        }
        table.print(out, "");
      }
      out.flush();
      return ExitCode.OK;
    }

    private static void detail(PrintWriter out, DatasetCatalog catalog, Dataset dataset) {
      out.println(dataset.title());
      Table table = new Table();
      table.row("use", "--data " + String.join(" or ", dataset.use()));
      table.row("licence", dataset.licence());
      table.row("page", dataset.page());
      table.row(
          "here",
          catalog
              .locate(dataset)
              .map(found -> found.folder() + " (" + String.join(", ", found.files()) + ")")
              .orElse(state(catalog, dataset)));
      table.print(out, "  ");
      for (PublishedFile file : dataset.files()) {
        out.println(
            "  "
                + file.path()
                + ", "
                + size(file.size())
                + (file.isArchive() ? ", unpacked when it is downloaded" : ""));
        for (String hash : file.sha256()) {
          out.println("    sha256 " + hash);
        }
        if (!file.isPinned()) {
          out.println("    not pinned: no hash of it is publicly known to us");
        }
        if (file.url() != null) {
          out.println("    " + file.url());
        }
      }
    }

    private static Map<String, Object> describe(DatasetCatalog catalog, Dataset dataset) {
      Map<String, Object> all = new LinkedHashMap<>();
      all.put("name", dataset.name());
      all.put("title", dataset.title());
      all.put("licence", dataset.licence());
      all.put("page", dataset.page());
      all.put("use", dataset.use());
      all.put("layouts", dataset.layouts());
      Optional<Located> found = catalog.locate(dataset);
      all.put("here", found.isPresent());
      all.put("folder", found.map(f -> f.folder().toString()).orElse(null));
      List<Map<String, Object>> files = new ArrayList<>();
      for (PublishedFile file : dataset.files()) {
        Map<String, Object> one = new LinkedHashMap<>();
        one.put("path", file.path());
        one.put("size", file.size() < 0 ? null : file.size());
        one.put("sha256", file.sha256());
        one.put("pinned", file.isPinned());
        one.put("url", file.url() == null ? null : file.url().toString());
        one.put("archive", file.isArchive());
        files.add(one);
      }
      all.put("files", files);
      return all;
    }
  }

  /** Downloads data sets. */
  @Command(
      name = "get",
      mixinStandardHelpOptions = true,
      description = {
        "Download data sets into the cache, unless they are here already; prints their folders.",
        "What broke off goes on. A data set appears when all of it is verified, or not at all."
      })
  static final class Get implements Callable<Integer> {

    @Spec private CommandSpec spec;

    @Parameters(arity = "1..*", paramLabel = "NAME", description = "Which data sets.")
    private List<String> names;

    @Option(
        names = "--unpinned",
        description = "Take files as they come of which no checksum is pinned.")
    private boolean unpinned;

    @Option(names = "--offline", description = "Look on this machine only.")
    private boolean offline;

    @Option(names = "--json", description = "Print as JSON.")
    private boolean json;

    @Override
    public Integer call() {
      PrintWriter out = spec.commandLine().getOut();
      DatasetCatalog catalog = catalog(offline);
      List<Dataset> wanted = names.stream().map(catalog::find).toList();
      List<Map<String, Object>> found = new ArrayList<>();
      for (Dataset dataset : wanted) {
        Located located;
        try (PullDisplay display = PullDisplay.on(spec.commandLine().getErr())) {
          located = catalog.get(dataset, unpinned, display);
        }
        if (json) {
          Map<String, Object> one = new LinkedHashMap<>();
          one.put("name", dataset.name());
          one.put("folder", located.folder().toString());
          one.put("files", located.files());
          found.add(one);
        } else {
          out.println(located.folder());
        }
      }
      if (json) {
        Json.print(out, found);
      }
      out.flush();
      return ExitCode.OK;
    }
  }

  /** Compares data sets with what is pinned. */
  @Command(
      name = "verify",
      mixinStandardHelpOptions = true,
      description = {
        "Compare the files of data sets with the sizes and checksums that are pinned.",
        "Exit code 1 if one differs or a data set that was named is not here."
      })
  static final class Verify implements Callable<Integer> {

    @Spec private CommandSpec spec;

    @Parameters(
        arity = "0..*",
        paramLabel = "NAME",
        description = "Which data sets; all that are here if none is named.")
    private List<String> names = List.of();

    @Option(names = "--json", description = "Print as JSON.")
    private boolean json;

    @Override
    public Integer call() {
      PrintWriter out = spec.commandLine().getOut();
      DatasetCatalog catalog = catalog(true);
      List<Dataset> chosen =
          names.isEmpty()
              ? List.copyOf(catalog.all().values())
              : names.stream().map(catalog::find).toList();
      boolean good = true;
      Table table = new Table();
      List<Map<String, Object>> all = new ArrayList<>();
      for (Dataset dataset : chosen) {
        Optional<Located> located = catalog.locateAny(dataset);
        if (located.isEmpty()) {
          if (!names.isEmpty()) {
            good = false;
            table.row(dataset.name(), "", "not here", "");
            all.add(row(dataset, null, "not here", ""));
          }
          continue;
        }
        for (DatasetCatalog.Verdict verdict : catalog.verify(located.get())) {
          good &= verdict.state() != DatasetCatalog.State.DIFFERENT;
          String state = verdict.state().name().toLowerCase(Locale.ROOT).replace('_', ' ');
          table.row(dataset.name(), verdict.path(), state, verdict.detail());
          all.add(row(dataset, verdict.path(), state, verdict.detail()));
        }
      }
      if (json) {
        Json.print(out, all);
      } else {
        table.print(out, "");
      }
      out.flush();
      return good ? ExitCode.OK : ExitCode.SOFTWARE;
    }

    private static Map<String, Object> row(
        Dataset dataset, String path, String state, String detail) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("name", dataset.name());
      row.put("file", path);
      row.put("state", state);
      row.put("detail", detail);
      return row;
    }
  }
}
