package org.attentionzoo.models;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.attentionzoo.blocks.UserException;

/**
 * What the zoo says of a paper: what of it is built, how far each step of being done got, where its
 * claim is tested. Read from {@code papers/<id>.yaml}; an unknown or missing key is an error that
 * names it.
 *
 * @param id the paper's id, for example {@code titans}
 * @param title the paper's title
 * @param date when it appeared, year-month-day
 * @param arxiv its number there, or what else identifies it
 * @param family for example {@code memory}
 * @param reference whose code the zoo's numbers are compared with
 * @param blocks names of the classes that hold its mechanisms
 * @param models its architectures
 * @param parity agrees with the golden cases, or with a second computation where there are none
 * @param invariants causality, masking, limiting settings and the like are tested
 * @param weights the official state dict loads by name; saving and loading is exact
 * @param learning the smallest preset learns to a figure that a broken implementation misses
 * @param claim the paper's comparison was run at small scale
 * @param claimTested the command or recipe that tests the claim, or why there is none yet
 * @param gpu the command that ran on a GPU and its figure, or {@code not run}
 * @param noGoldenCase the reason why no golden case exists, where none does
 * @param complexity how the paper says that its cost grows with the length, where it says so
 * @param notes what a user should know
 */
public record PaperCard(
    String id,
    String title,
    String date,
    String arxiv,
    String family,
    String reference,
    List<String> blocks,
    List<Model> models,
    Step parity,
    Step invariants,
    Step weights,
    Step learning,
    Step claim,
    String claimTested,
    String gpu,
    Optional<String> noGoldenCase,
    Optional<Complexity> complexity,
    List<String> notes) {

  /**
   * An architecture of the paper.
   *
   * @param name the architecture's name
   * @param parameters how many trainable parameters each preset has
   */
  public record Model(String name, Map<String, Long> parameters) {}

  /**
   * How a cost grows with the length of a sequence.
   *
   * @param exponent the power of the length, logarithms left out
   * @param statement the paper's, for example {@code O(L sqrt L)}
   */
  public record Complexity(double exponent, String statement) {}

  /** Whether a step was reached. */
  public enum Reached {
    /** Reached by everything that the card lists as built. */
    YES,
    /** Reached by some of it; the figure says by what. */
    PARTLY,
    /** Not reached. */
    NO
  }

  /**
   * One step of being done.
   *
   * @param reached whether it was reached
   * @param command the command or test that shows it
   * @param figure what came out, or what is missing
   */
  public record Step(Reached reached, Optional<String> command, Optional<String> figure) {
    /** Refuses a step that claims more than it shows. */
    public Step {
      if (reached != Reached.NO && (command.isEmpty() || figure.isEmpty())) {
        throw new IllegalArgumentException(
            "a step that was reached names the command that shows it and the figure that came out");
      }
    }
  }

  /**
   * Reads a paper's card.
   *
   * @param id the paper's id
   * @return its card
   * @throws UserException if there is none, or it is not as it should be
   */
  public static PaperCard of(String id) {
    String resource = "papers/" + id + ".yaml";
    try (InputStream in = PaperCard.class.getClassLoader().getResourceAsStream(resource)) {
      if (in == null) {
        throw new UserException("no card " + resource + " for the paper '" + id + "'");
      }
      return read(new String(in.readAllBytes(), StandardCharsets.UTF_8), resource);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Reads a card.
   *
   * @param yaml its text
   * @param origin where it comes from, for messages
   * @return the card
   * @throws UserException if it is not as it should be
   */
  public static PaperCard read(String yaml, String origin) {
    Map<String, Object> values = Configs.parse(yaml, origin);
    try {
      return Configs.fromMap(PaperCard.class, values);
    } catch (UserException e) {
      throw new UserException(origin + ": " + e.getMessage(), e);
    }
  }

  /**
   * The steps in their order.
   *
   * @return by name
   */
  public Map<String, Step> steps() {
    Map<String, Step> steps = new java.util.LinkedHashMap<>();
    steps.put("parity", parity);
    steps.put("invariants", invariants);
    steps.put("weights", weights);
    steps.put("learning", learning);
    steps.put("claim", claim);
    return steps;
  }
}
