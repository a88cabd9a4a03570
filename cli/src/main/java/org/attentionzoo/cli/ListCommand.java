package org.attentionzoo.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.PaperCard;
import org.attentionzoo.models.Papers.Preset;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Lists papers and models. */
@Command(
    name = "list",
    mixinStandardHelpOptions = true,
    description = "List the papers and the models of the zoo.")
final class ListCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "PATTERN",
      description = "Only what has this in its name, title, kind or family; * stands for anything.")
  private String pattern = "";

  @Option(names = "--json", description = "Print as JSON.")
  private boolean json;

  @Override
  public Integer call() {
    Catalog catalog = new Catalog();
    Pattern wanted = compile(pattern);
    List<Preset<?>> models =
        catalog.papers().presets().stream()
            .filter(
                p ->
                    matches(
                        wanted, p.name(), p.model().summary(), p.model().kind().label(), paper(p)))
            .toList();
    List<PaperCard> papers =
        catalog.cards().stream()
            .filter(card -> matches(wanted, card.id(), card.title(), card.family()))
            .toList();
    if (models.isEmpty() && papers.isEmpty()) {
      throw new UserException("nothing matches '" + pattern + "'; 'zoo list' shows everything");
    }
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Json.print(
          out,
          Map.of(
              "models", models.stream().map(model -> describe(catalog, model)).toList(),
              "papers", papers.stream().map(ListCommand::describe).toList()));
    } else {
      print(out, catalog, models, papers);
    }
    out.flush();
    return ExitCode.OK;
  }

  private static void print(
      PrintWriter out, Catalog catalog, List<Preset<?>> models, List<PaperCard> papers) {
    if (!models.isEmpty()) {
      out.println("Models");
      Table table = new Table();
      for (Preset<?> preset : models) {
        table.row(
            preset.name(),
            preset.model().kind().label(),
            catalog.parameters(preset),
            preset.model().summary());
      }
      table.print(out, "  ");
    }
    if (!papers.isEmpty()) {
      out.println("Papers, and how many of the five steps of being done each has reached");
      Table table = new Table();
      papers.forEach(
          card ->
              table.row(
                  card.id(),
                  card.date(),
                  card.family(),
                  reachedSteps(card) + " of 5",
                  card.title()));
      table.print(out, "  ");
    }
  }

  private static long reachedSteps(PaperCard card) {
    return card.steps().values().stream()
        .filter(step -> step.reached() == PaperCard.Reached.YES)
        .count();
  }

  private static Map<String, Object> describe(Catalog catalog, Preset<?> preset) {
    Map<String, Object> model = new LinkedHashMap<>();
    model.put("name", preset.name());
    model.put("model", preset.model().name());
    model.put("paper", paper(preset));
    model.put("kind", preset.model().kind().label());
    model.put("parameters", catalog.count(preset).orElse(null));
    model.put("summary", preset.model().summary());
    model.put("config", Configs.toMap(preset.config()));
    return model;
  }

  private static Map<String, Object> describe(PaperCard card) {
    Map<String, Object> paper = new LinkedHashMap<>();
    paper.put("id", card.id());
    paper.put("title", card.title());
    paper.put("date", card.date());
    paper.put("family", card.family());
    paper.put("reference", card.reference());
    Map<String, String> steps = new LinkedHashMap<>();
    card.steps()
        .forEach((name, step) -> steps.put(name, step.reached().name().toLowerCase(Locale.ROOT)));
    paper.put("steps", steps);
    paper.put("claimTested", card.claimTested());
    paper.put("gpu", card.gpu());
    return paper;
  }

  private static String paper(Preset<?> preset) {
    return preset.model().paper();
  }

  private static Pattern compile(String pattern) {
    String[] parts = pattern.split("\\*", -1);
    String quoted =
        String.join(
            ".*", Stream.of(parts).map(p -> Pattern.quote(p.toLowerCase(Locale.ROOT))).toList());
    return Pattern.compile(quoted);
  }

  private static boolean matches(Pattern wanted, String... texts) {
    return Stream.of(texts).anyMatch(t -> wanted.matcher(t.toLowerCase(Locale.ROOT)).find());
  }
}
