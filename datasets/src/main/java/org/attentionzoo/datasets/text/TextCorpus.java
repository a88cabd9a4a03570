package org.attentionzoo.datasets.text;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.UserException;

/**
 * Text as bytes, with the first nine tenths for training and the rest for validation. The files of
 * a folder are joined in sorted order, a newline after each that does not end with one.
 *
 * <p>Immutable; safe for use by several threads.
 */
public final class TextCorpus {

  /** The most text that is read, however large the heap is. */
  public static final long LARGEST = 1L << 30;

  private final byte[] content;
  private final int trainingLength;
  private final Provenance provenance;

  /**
   * Where the text came from.
   *
   * @param source the file or folder as it was given
   * @param files the files that were read, in order, relative to the folder, with {@code /}
   * @param bytes the length of the joined content
   * @param sha256 of the joined content, in hexadecimal
   * @param skipped how many files and folders were passed over, by reason
   */
  public record Provenance(
      String source, List<String> files, long bytes, String sha256, Map<String, Integer> skipped) {}

  private TextCorpus(byte[] content, Provenance provenance) {
    this.content = content;
    this.trainingLength = (int) (content.length * 9L / 10);
    this.provenance = provenance;
  }

  /**
   * Reads a file, or all text files of a folder and its subfolders: those that are valid UTF-8
   * without NUL bytes. Inside a folder, these are passed over: hidden files and folders, folders
   * named {@code target}, {@code runs} or {@code node_modules}, run folders (which hold {@code
   * config.yaml} and {@code metrics.jsonl}), links to folders, and second links to a file.
   *
   * @param location a path, relative to the working folder; {@code ~} is the home folder
   * @return the text
   * @throws UserException if there is no such file, no text, or more than {@link #LARGEST} or than
   *     a quarter of the heap
   */
  public static TextCorpus load(String location) {
    return load(location, Math.min(LARGEST, Runtime.getRuntime().maxMemory() / 4));
  }

  static TextCorpus load(String location, long limit) {
    TextFiles found = TextFiles.read(location, limit);
    byte[] content = found.joined();
    return new TextCorpus(
        content,
        new Provenance(location, found.names(), content.length, sha256(content), found.skipped()));
  }

  /**
   * Takes text from memory.
   *
   * @param source what to call it
   * @param content the bytes; copied
   * @return the text
   */
  public static TextCorpus of(String source, byte[] content) {
    byte[] copy = content.clone();
    return new TextCorpus(
        copy, new Provenance(source, List.of(source), copy.length, sha256(copy), Map.of()));
  }

  /**
   * How many bytes there are.
   *
   * @return training and validation part together
   */
  public int length() {
    return content.length;
  }

  /**
   * How many bytes are for training.
   *
   * @return nine tenths of the length, rounded down; the validation part begins here
   */
  public int trainingLength() {
    return trainingLength;
  }

  /**
   * How many bytes are for validation.
   *
   * @return a tenth of the length, rounded up
   */
  public int validationLength() {
    return content.length - trainingLength;
  }

  /**
   * The training part.
   *
   * @return a copy
   */
  public byte[] training() {
    return Arrays.copyOf(content, trainingLength);
  }

  /**
   * The validation part.
   *
   * @return a copy
   */
  public byte[] validation() {
    return Arrays.copyOfRange(content, trainingLength, content.length);
  }

  /**
   * Where the text came from.
   *
   * @return the record
   */
  public Provenance provenance() {
    return provenance;
  }

  /** The byte at an offset as a token: 0 to 255. */
  int token(int offset) {
    return content[offset] & 0xFF;
  }

  private static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
