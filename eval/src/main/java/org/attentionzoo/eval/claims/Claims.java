package org.attentionzoo.eval.claims;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.attentionzoo.blocks.NearestName;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Papers;
import org.attentionzoo.training.run.Recipes;

/** The claims of the zoo: resources {@code claims/<paper>/<name>.yaml}. */
public final class Claims {

  private static final String ROOT = "claims/";
  private static final String SUFFIX = ".yaml";

  private Claims() {}

  /**
   * All claims.
   *
   * @param papers the zoo
   * @return by {@code <paper>/<name>}
   */
  public static SortedMap<String, Claim> all(Papers papers) {
    SortedMap<String, Claim> claims = new TreeMap<>();
    for (PaperProvider paper : papers.all()) {
      for (String name : Recipes.resources(ROOT + paper.id(), SUFFIX)) {
        String full = paper.id() + "/" + name;
        claims.put(full, read(full));
      }
    }
    return claims;
  }

  /**
   * The claims that a name means.
   *
   * @param papers the zoo
   * @param name {@code <paper>/<name>}, or a paper for all of its claims
   * @return by full name
   * @throws UserException if there is none
   */
  public static Map<String, Claim> find(Papers papers, String name) {
    Map<String, Claim> found = new LinkedHashMap<>();
    SortedMap<String, Claim> all = all(papers);
    all.forEach(
        (full, claim) -> {
          if (full.equals(name) || full.startsWith(name + "/")) {
            found.put(full, claim);
          }
        });
    if (found.isEmpty()) {
      List<String> known =
          all.keySet().stream().flatMap(full -> List.of(full, paper(full)).stream()).toList();
      throw new UserException(
          "no claim is called '" + name + "'" + NearestName.suggestion(name, known));
    }
    return found;
  }

  /**
   * The paper of a claim.
   *
   * @param claim its full name
   * @return the paper's id
   */
  public static String paper(String claim) {
    return claim.substring(0, claim.indexOf('/'));
  }

  private static Claim read(String name) {
    String resource = ROOT + name + SUFFIX;
    try (InputStream in = Claims.class.getClassLoader().getResourceAsStream(resource)) {
      if (in == null) {
        throw new UserException("there is no " + resource);
      }
      return parse(new String(in.readAllBytes(), StandardCharsets.UTF_8), resource);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Reads a claim.
   *
   * @param yaml its text
   * @param origin where it is from, for messages
   * @return the claim
   * @throws UserException if it is none
   */
  public static Claim parse(String yaml, String origin) {
    return Configs.fromMap(Claim.class, Configs.parse(yaml, origin)).checked(origin);
  }
}
