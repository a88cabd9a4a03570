package org.attentionzoo.eval.claims;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All that is known of one test of a claim, to be written as JSON.
 *
 * @param claim its full name
 * @param title what is claimed
 * @param paper the paper's own figure
 * @param command the command line
 * @param date when, in UTC
 * @param machine what it ran on
 * @param changes what was changed of the claim's recipes on the command line
 * @param seeds the seeds
 * @param candidate the arm in the candidate's place
 * @param outcomes of all arms and seeds
 * @param judgement the verdict with its figures
 */
public record ClaimResult(
    String claim,
    String title,
    String paper,
    String command,
    String date,
    Map<String, Object> machine,
    List<String> changes,
    List<Long> seeds,
    String candidate,
    List<Outcome> outcomes,
    Judgement judgement) {

  /**
   * Writes it.
   *
   * @return indented JSON
   */
  public String json() {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("claim", claim);
    tree.put("title", title);
    tree.put("paper", paper);
    tree.put("verdict", judgement.verdict().words());
    tree.put("reason", judgement.reason());
    tree.put("command", command);
    tree.put("date", date);
    tree.put("machine", machine);
    tree.put("changes", changes);
    tree.put("seeds", seeds);
    tree.put("candidate", candidate);
    tree.put("checks", judgement.checks().stream().map(ClaimResult::check).toList());
    Map<String, String> controls = new LinkedHashMap<>();
    judgement.controls().forEach((arm, verdict) -> controls.put(arm, verdict.words()));
    tree.put("controls", controls);
    tree.put("outcomes", outcomes);
    try {
      return new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(tree);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Map<String, Object> check(Judgement.Judged judged) {
    Map<String, Object> check = new LinkedHashMap<>();
    check.put("statement", judged.statement());
    check.put("figure", judged.figure().mean());
    if (!Double.isNaN(judged.figure().low())) {
      check.put("low", judged.figure().low());
      check.put("high", judged.figure().high());
    }
    check.put("interval_over", judged.figure().basis());
    check.put("verdict", judged.verdict().words());
    return check;
  }
}
