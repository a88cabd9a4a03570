package org.attentionzoo.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints; loads no engine. */
final class Versions implements IVersionProvider {

  @Override
  public String[] getVersion() {
    Properties versions = read();
    return new String[] {
      "Attention Zoo " + versions.getProperty("zoo"),
      "DJL " + versions.getProperty("djl") + ", PyTorch engine " + versions.getProperty("pytorch"),
      "Java " + System.getProperty("java.version") + " (" + System.getProperty("java.vendor") + ")"
    };
  }

  /** The versions that this build was made with: {@code zoo}, {@code djl}, {@code pytorch}. */
  static Properties read() {
    try (InputStream in = Versions.class.getResourceAsStream("versions.properties")) {
      Properties versions = new Properties();
      versions.load(in);
      return versions;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
