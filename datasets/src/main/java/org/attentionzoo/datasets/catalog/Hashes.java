package org.attentionzoo.datasets.catalog;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** SHA-256 of files. */
public final class Hashes {

  private static final int BUFFER = 1 << 16;

  private Hashes() {}

  /**
   * The hash of a file.
   *
   * @param file the file
   * @return SHA-256 in hexadecimal
   * @throws IOException if it cannot be read
   */
  public static String sha256(Path file) throws IOException {
    return sha256(List.of(file));
  }

  /**
   * The hash of the contents of files, one after the other.
   *
   * @param files the files
   * @return SHA-256 in hexadecimal
   * @throws IOException if one cannot be read
   */
  public static String sha256(List<Path> files) throws IOException {
    MessageDigest digest = digest();
    byte[] buffer = new byte[BUFFER];
    for (Path file : files) {
      try (InputStream in = Files.newInputStream(file)) {
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
          digest.update(buffer, 0, read);
        }
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /**
   * A fresh digest.
   *
   * @return SHA-256
   */
  public static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
