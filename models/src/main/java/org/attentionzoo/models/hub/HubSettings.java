package org.attentionzoo.models.hub;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.attentionzoo.blocks.UserException;

/**
 * Where the hub is and where its files are kept, from the same environment variables as the hub's
 * own client: {@code HF_ENDPOINT}; {@code HF_TOKEN}, or the file that {@code HF_TOKEN_PATH} names,
 * or {@code token} in {@code HF_HOME}; {@code HF_HUB_CACHE}, or {@code hub} in {@code HF_HOME};
 * {@code HF_HUB_OFFLINE}.
 *
 * <p>Thread safety: immutable.
 */
public final class HubSettings {

  /** How a server is waited for. */
  record Patience(Duration connect, Duration answer, Duration stall, Duration delay, int attempts) {

    static final Patience USUAL =
        new Patience(
            Duration.ofSeconds(20),
            Duration.ofSeconds(30),
            Duration.ofSeconds(30),
            Duration.ofMillis(500),
            6);
  }

  private static final String DEFAULT_ENDPOINT = "https://huggingface.co";

  private final URI endpoint;
  private final HubToken token;
  private final Path cache;
  private final boolean offline;
  private final Patience patience;

  HubSettings(URI endpoint, HubToken token, Path cache, boolean offline, Patience patience) {
    this.endpoint = endpoint;
    this.token = token;
    this.cache = cache;
    this.offline = offline;
    this.patience = patience;
  }

  /**
   * The settings of a process.
   *
   * @param environment its variables, usually {@link System#getenv()}
   * @return the settings
   * @throws UserException if a variable or the token's file cannot be used
   */
  public static HubSettings of(Map<String, String> environment) {
    Path home = home(environment);
    return new HubSettings(
        endpoint(value(environment, "HF_ENDPOINT", DEFAULT_ENDPOINT)),
        token(environment, home),
        Path.of(
            value(
                environment,
                "HF_HUB_CACHE",
                value(environment, "HUGGINGFACE_HUB_CACHE", home.resolve("hub").toString()))),
        Set.of("1", "true", "yes", "on")
            .contains(value(environment, "HF_HUB_OFFLINE", "").toLowerCase(Locale.ROOT)),
        Patience.USUAL);
  }

  /**
   * The same without a network.
   *
   * @return settings with which only the cache is looked at
   */
  public HubSettings atRest() {
    return new HubSettings(endpoint, token, cache, true, patience);
  }

  private static Path home(Map<String, String> environment) {
    String caches =
        value(
            environment,
            "XDG_CACHE_HOME",
            Path.of(System.getProperty("user.home"), ".cache").toString());
    return Path.of(
        value(environment, "HF_HOME", Path.of(caches).resolve("huggingface").toString()));
  }

  private static HubToken token(Map<String, String> environment, Path home) {
    for (String name : new String[] {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
      String given = value(environment, name, "");
      if (!given.isEmpty()) {
        return HubToken.of(given, name);
      }
    }
    Path file = Path.of(value(environment, "HF_TOKEN_PATH", home.resolve("token").toString()));
    try {
      String given = Files.isRegularFile(file) ? Files.readString(file).strip() : "";
      return given.isEmpty() ? null : HubToken.of(given, file.toString());
    } catch (IOException e) {
      throw new UserException("the token's file " + file + " cannot be read: " + e, e);
    }
  }

  private static URI endpoint(String text) {
    try {
      URI uri = new URI(text.replaceAll("/+$", ""));
      boolean web = "https".equals(uri.getScheme()) || "http".equals(uri.getScheme());
      if (web
          && uri.getHost() != null
          && uri.getUserInfo() == null
          && uri.getQuery() == null
          && uri.getFragment() == null) {
        return uri;
      }
    } catch (URISyntaxException e) {
      throw noEndpoint(text, e);
    }
    throw noEndpoint(text, null);
  }

  private static UserException noEndpoint(String text, URISyntaxException cause) {
    return new UserException(
        "HF_ENDPOINT is '"
            + ServerText.printable(text)
            + "'; expected an address like "
            + DEFAULT_ENDPOINT,
        cause);
  }

  private static String value(Map<String, String> environment, String name, String otherwise) {
    String given = environment.getOrDefault(name, "").strip();
    return given.isEmpty() ? otherwise : given;
  }

  URI endpoint() {
    return endpoint;
  }

  /** Null if there is none. */
  HubToken token() {
    return token;
  }

  Path cache() {
    return cache;
  }

  boolean isOffline() {
    return offline;
  }

  Patience patience() {
    return patience;
  }
}
