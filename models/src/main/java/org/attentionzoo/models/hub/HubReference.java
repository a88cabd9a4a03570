package org.attentionzoo.models.hub;

import java.util.List;
import java.util.regex.Pattern;
import org.attentionzoo.blocks.UserException;

/**
 * Names a model of a hub: {@code owner/name}, or {@code name} alone for the few that are older than
 * owners, and a revision.
 *
 * @param id owner and name
 * @param revision a branch, tag or commit; {@code main} if none was said
 */
public record HubReference(String id, String revision) {

  private static final Pattern PART = Pattern.compile("[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}\\w)?");
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
  private static final String MAIN = "main";
  private static final int LONGEST_REVISION = 200;

  /** Checks both. */
  public HubReference {
    if (!isId(id)) {
      throw new UserException(
          "'"
              + ServerText.printable(id)
              + "' names no model of a hub; expected owner/name, for example"
              + " microsoft/deberta-v3-base, with @revision after it if wanted");
    }
    if (revision.length() > LONGEST_REVISION || !FileNames.isSafe(revision)) {
      throw new UserException(
          "'"
              + ServerText.printable(revision)
              + "' is no revision; expected a branch, a tag or a commit");
    }
  }

  /**
   * Takes {@code owner/name[@revision]} apart.
   *
   * @param text what the user wrote
   * @return the reference
   * @throws UserException if it is none
   */
  public static HubReference parse(String text) {
    int at = text.indexOf('@');
    return at < 0
        ? new HubReference(text, MAIN)
        : new HubReference(text.substring(0, at), text.substring(at + 1));
  }

  /**
   * Whether a text has the form {@code owner/name[@revision]}.
   *
   * @param text what the user wrote
   * @return true if {@link #parse} takes it and it has an owner
   */
  public static boolean isOwned(String text) {
    int at = text.indexOf('@');
    String id = at < 0 ? text : text.substring(0, at);
    return id.contains("/") && isId(id) && (at < 0 || FileNames.isSafe(text.substring(at + 1)));
  }

  private static boolean isId(String id) {
    List<String> parts = List.of(id.split("/", -1));
    return parts.size() <= 2
        && parts.stream().allMatch(p -> PART.matcher(p).matches())
        && !id.contains("--")
        && !id.contains("..");
  }

  /** Whether the revision is a full commit, which never means another tree. */
  boolean isCommit() {
    return isCommit(revision);
  }

  static boolean isCommit(String text) {
    return COMMIT.matcher(text).matches();
  }

  @Override
  public String toString() {
    return revision.equals(MAIN) ? id : id + "@" + revision;
  }
}
