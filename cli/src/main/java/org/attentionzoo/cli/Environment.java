package org.attentionzoo.cli;

import java.util.HashMap;
import java.util.Map;
import org.attentionzoo.models.hub.Hub;
import org.attentionzoo.models.hub.HubSettings;

/** The environment's variables for the hub. */
final class Environment {

  private static final String PREFIX = "HF_";

  private Environment() {}

  /** The hub that the environment names. */
  static Hub hub() {
    return new Hub(hubSettings());
  }

  static HubSettings hubSettings() {
    Map<String, String> variables = new HashMap<>(System.getenv());
    // A program that runs commands in its own process cannot change its environment.
    for (String name : System.getProperties().stringPropertyNames()) {
      if (name.startsWith(PREFIX)) {
        variables.put(name, System.getProperty(name));
      }
    }
    return HubSettings.of(variables);
  }
}
