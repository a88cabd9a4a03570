package org.attentionzoo.eval.claims;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.attentionzoo.blocks.UserException;

/** The results of claims as a page of Markdown. */
public final class ResultsTable {

  private static final List<String> FIELDS =
      List.of(
          "claim",
          "title",
          "paper",
          "verdict",
          "checks",
          "seeds",
          "date",
          "machine",
          "command",
          "outcomes");

  private final List<JsonNode> results;

  private ResultsTable(List<JsonNode> results) {
    this.results = List.copyOf(results);
  }

  /**
   * Reads results.
   *
   * @param paths JSON files, or folders that are searched for files that hold a claim's result
   * @return the table, in order of claims and dates
   * @throws UserException if a path does not exist, cannot be read, or nothing is found
   */
  public static ResultsTable read(List<Path> paths) {
    List<JsonNode> results = new ArrayList<>();
    for (Path path : paths) {
      if (!Files.exists(path)) {
        throw new UserException(
            path + " does not exist; 'zoo reproduce <claim> --record results' writes results");
      }
      try (Stream<Path> files = Files.walk(path)) {
        for (Path file : files.filter(f -> f.toString().endsWith(".json")).sorted().toList()) {
          JsonNode tree = parse(file);
          if (FIELDS.stream().allMatch(tree::has)) {
            results.add(tree);
          } else if (file.equals(path)) {
            throw new UserException(path + " holds no result of a claim");
          }
        }
      } catch (IOException e) {
        throw new UserException("cannot read " + path + ": " + e.getMessage(), e);
      }
    }
    if (results.isEmpty()) {
      throw new UserException("no results in " + paths);
    }
    results.sort(
        Comparator.comparing((JsonNode n) -> n.get("claim").asText())
            .thenComparing(n -> n.get("date").asText()));
    return new ResultsTable(results);
  }

  private static JsonNode parse(Path file) throws IOException {
    try {
      return new ObjectMapper().readTree(Files.readString(file));
    } catch (JsonProcessingException e) {
      throw new UserException(file + " is no valid JSON: " + e.getOriginalMessage(), e);
    }
  }

  /**
   * How many there are.
   *
   * @return the number of results
   */
  public int size() {
    return results.size();
  }

  /**
   * The page.
   *
   * @return Markdown
   */
  public String markdown() {
    StringBuilder page =
        new StringBuilder(
            """
            # Results

            Written by `zoo results` from the results of `zoo reproduce`, and by nothing else. A figure is the mean over seeds with its 95% bootstrap interval; with one seed, the interval is over the evaluated items.

            | claim | verdict | what was checked | seeds | date | machine | command |
            | --- | --- | --- | --- | --- | --- | --- |
            """);
    for (JsonNode result : results) {
      List<String> checks = new ArrayList<>();
      for (JsonNode check : result.get("checks")) {
        checks.add(
            cell(check.get("statement").asText())
                + ": "
                + number(check.get("figure"))
                + (check.has("low")
                    ? " (" + number(check.get("low")) + " to " + number(check.get("high")) + ")"
                    : ""));
      }
      List<String> seeds = new ArrayList<>();
      result.get("seeds").forEach(seed -> seeds.add(seed.asText()));
      JsonNode machine = result.get("machine");
      page.append("| ")
          .append(
              String.join(
                  " | ",
                  "**"
                      + cell(result.get("claim").asText())
                      + "**: "
                      + cell(result.get("title").asText()),
                  cell(result.get("verdict").asText()),
                  String.join("<br>", checks),
                  String.join(", ", seeds),
                  result.get("date").asText().substring(0, 10),
                  cell(
                      machine.path("processors").asText()
                          + " x "
                          + machine.path("processor").asText(machine.path("os").asText())),
                  "`" + cell(result.get("command").asText()) + "`"))
          .append(" |\n");
    }
    page.append("\n## Arms\n");
    for (JsonNode result : results) {
      page.append("\n### ").append(result.get("claim").asText()).append("\n\nPaper: ");
      page.append(result.get("paper").asText()).append("\n\n");
      page.append(
          "| arm | seed | run folder | step | figures |\n| --- | --- | --- | --- | --- |\n");
      for (JsonNode outcome : result.get("outcomes")) {
        List<String> figures = new ArrayList<>();
        outcome
            .get("metrics")
            .fields()
            .forEachRemaining(e -> figures.add(e.getKey() + " " + number(e.getValue())));
        page.append("| ")
            .append(
                String.join(
                    " | ",
                    cell(outcome.get("arm").asText()),
                    outcome.get("run").asText().isEmpty() ? "" : outcome.get("seed").asText(),
                    cell(outcome.get("run").asText()),
                    outcome.get("run").asText().isEmpty() ? "" : outcome.get("step").asText(),
                    String.join(", ", figures)))
            .append(" |\n");
      }
    }
    return page.toString();
  }

  private static String number(JsonNode value) {
    return String.format(Locale.ROOT, "%.4f", value.asDouble());
  }

  private static String cell(String text) {
    return text.replace("|", "\\|").replace("\n", " ");
  }
}
