package org.attentionzoo.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.attentionzoo.blocks.NearestName;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.PaperCard;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Papers.Preset;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows a paper's card or a model's config. */
@Command(
    name = "show",
    mixinStandardHelpOptions = true,
    description = "Show what of a paper is built and how far it got, or a model and its config.")
final class ShowCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "PAPER|MODEL",
      completionCandidates = Names.Everything.class,
      description = "A paper's id or a model's name, as 'zoo list' shows them.")
  private String name;

  @Override
  public Integer call() {
    Catalog catalog = new Catalog();
    List<PaperCard> papers =
        catalog.cards().stream().filter(card -> card.id().equals(name)).toList();
    List<ModelEntry<?>> models =
        catalog.papers().models().stream().filter(model -> model.name().equals(name)).toList();
    List<Preset<?>> presets =
        catalog.papers().presets().stream().filter(preset -> preset.name().equals(name)).toList();
    if (papers.isEmpty() && models.isEmpty() && presets.isEmpty()) {
      throw unknown(catalog);
    }
    PrintWriter out = spec.commandLine().getOut();
    papers.forEach(card -> print(out, card));
    models.forEach(
        model -> {
          out.println(model.name() + ": " + model.summary());
          out.println();
          printPresets(out, catalog, model.name());
        });
    presets.forEach(preset -> print(out, catalog, preset));
    out.flush();
    return ExitCode.OK;
  }

  private UserException unknown(Catalog catalog) {
    List<String> known = new ArrayList<>();
    catalog.papers().all().stream().map(PaperProvider::id).forEach(known::add);
    catalog.papers().models().stream().map(ModelEntry::name).forEach(known::add);
    catalog.papers().presets().stream().map(Preset::name).forEach(known::add);
    return new UserException(
        "unknown paper or model '" + name + "'" + NearestName.suggestion(name, known));
  }

  private static void print(PrintWriter out, PaperCard card) {
    out.println(card.title());
    Table facts = new Table();
    facts
        .row("id", card.id())
        .row("date", card.date())
        .row("arxiv", card.arxiv())
        .row("family", card.family())
        .row("reference", card.reference())
        .row("blocks", String.join(", ", card.blocks()))
        .row("gpu", card.gpu());
    card.complexity()
        .ifPresent(
            complexity ->
                facts.row(
                    "cost", "length^" + complexity.exponent() + ": " + complexity.statement()));
    facts.print(out, "  ");
    if (!card.models().isEmpty()) {
      out.println("Models");
      Table models = new Table();
      for (PaperCard.Model model : card.models()) {
        model
            .parameters()
            .forEach((preset, count) -> models.row(model.name() + "-" + preset, grouped(count)));
      }
      models.print(out, "  ");
    }
    out.println("How far it got");
    Table steps = new Table();
    card.steps()
        .forEach(
            (step, reached) ->
                steps.row(
                    step,
                    reached.reached().name().toLowerCase(Locale.ROOT),
                    reached.figure().orElse("")
                        + reached.command().map(command -> "  [" + command + "]").orElse("")));
    steps.print(out, "  ");
    out.println("Claim");
    out.println("  " + card.claimTested());
    if (!card.notes().isEmpty()) {
      out.println("Notes");
      card.notes().forEach(note -> out.println("  " + note));
    }
  }

  private static void printPresets(PrintWriter out, Catalog catalog, String model) {
    Table table = new Table();
    catalog.papers().presets().stream()
        .filter(preset -> preset.model().name().equals(model))
        .forEach(preset -> table.row(preset.name(), catalog.parameters(preset) + " parameters"));
    table.print(out, "  ");
  }

  private static void print(PrintWriter out, Catalog catalog, Preset<?> preset) {
    out.println(preset.name() + ": " + preset.model().summary());
    String parameters = catalog.parameters(preset);
    new Table()
        .row("paper", preset.model().paper())
        .row("kind", preset.model().kind().label())
        .row("parameters", parameters.isEmpty() ? "not counted" : parameters)
        .print(out, "  ");
    out.println("Config (each key can be given to zoo train as model.<key>=<value>)");
    Table config = new Table();
    flat("", Configs.toMap(preset.config()), config);
    config.print(out, "  ");
  }

  private static void flat(String prefix, Map<String, Object> values, Table table) {
    values.forEach(
        (key, value) -> {
          if (value instanceof Map<?, ?> inner) {
            @SuppressWarnings("unchecked")
            Map<String, Object> nested = (Map<String, Object>) inner;
            flat(prefix + key + ".", nested, table);
          } else {
            table.row(prefix + key, String.valueOf(value));
          }
        });
  }

  private static String grouped(long count) {
    return String.format(Locale.ROOT, "%,d", count);
  }
}
