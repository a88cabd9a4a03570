package org.attentionzoo.models.hub;

import org.attentionzoo.blocks.UserException;

/** A secret that is never printed. */
final class HubToken {

  private final String secret;

  private HubToken(String secret) {
    this.secret = secret;
  }

  /**
   * Checks a token.
   *
   * @throws UserException if it could not be part of a header; does not show it
   */
  static HubToken of(String secret, String origin) {
    if (!secret.matches("[!-~]+")) {
      throw new UserException(
          "the token of " + origin + " has characters that no token has; set it anew");
    }
    return new HubToken(secret);
  }

  String header() {
    return "Bearer " + secret;
  }

  /** What a server said, without the secret, should it have said it. */
  String redact(String text) {
    return text.replace(secret, "***");
  }

  @Override
  public String toString() {
    return "***";
  }
}
