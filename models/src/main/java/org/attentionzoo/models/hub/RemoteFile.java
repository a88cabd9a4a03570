package org.attentionzoo.models.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * What the hub says of a file.
 *
 * @param name the file's name, safe to be put below a folder
 * @param etag what names its content in the cache
 * @param size its size
 * @param sha256 the hash of a file in large file storage; null if not told
 * @param gitSha1 the hash that git gives any other file; null if not told
 */
record RemoteFile(String name, String etag, long size, String sha256, String gitSha1) {

  /** Whether the hub tells a hash of the content. */
  boolean isVerifiable() {
    return sha256 != null || gitSha1 != null;
  }

  /** What differs between a downloaded file and what the hub says; null if nothing does. */
  String mismatch(Path file) throws IOException {
    if (Files.size(file) != size) {
      return Files.size(file) + " bytes instead of " + size;
    }
    if (sha256 != null) {
      String actual = digest("SHA-256", file, new byte[0]);
      return actual.equals(sha256) ? null : "its sha256 is " + actual + " instead of " + sha256;
    }
    if (gitSha1 != null) {
      byte[] head = ("blob " + size + "\0").getBytes(StandardCharsets.US_ASCII);
      String actual = digest("SHA-1", file, head);
      return actual.equals(gitSha1) ? null : "its git hash is " + actual + " instead of " + gitSha1;
    }
    return null;
  }

  private static String digest(String algorithm, Path file, byte[] head) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance(algorithm);
      digest.update(head);
      byte[] buffer = new byte[1 << 16];
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        digest.update(buffer, 0, read);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The bare text of an ETag header. */
  static String normalised(String etag) {
    String text = etag.strip();
    text = text.startsWith("W/") ? text.substring(2) : text;
    return text.length() > 1 && text.startsWith("\"") && text.endsWith("\"")
        ? text.substring(1, text.length() - 1)
        : text;
  }
}
