package org.attentionzoo.datasets.text;

import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.attentionzoo.blocks.UserException;

/**
 * Text as bytes, with the first nine tenths for training and the rest for validation unless it is
 * published in parts. The files of a folder are joined in sorted order, a newline after each that
 * does not end with one.
 *
 * <p>Immutable; safe for use by several threads.
 */
public final class TextCorpus {

  /** The most text that is read, however large the heap is. */
  public static final long LARGEST = 1L << 30;

  private final byte[] content;
  private final int trainingLength;
  private final boolean inParts;
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
    this(content, (int) (content.length * 9L / 10), false, provenance);
  }

  private TextCorpus(byte[] content, int trainingLength, boolean inParts, Provenance provenance) {
    this.content = content;
    this.trainingLength = trainingLength;
    this.inParts = inParts;
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
    return load(location, location);
  }

  /**
   * The same under another name.
   *
   * @param source what to call it, for example a data set's name
   * @param location its path
   * @return the text
   * @throws UserException as {@link #load(String)}
   */
  public static TextCorpus load(String source, String location) {
    return loadUpTo(source, location, Math.min(LARGEST, Runtime.getRuntime().maxMemory() / 4));
  }

  static TextCorpus loadUpTo(String source, String location, long limit) {
    TextFiles found = TextFiles.read(location, limit);
    byte[] content = found.joined();
    return new TextCorpus(
        content,
        new Provenance(source, found.names(), content.length, sha256(content), found.skipped()));
  }

  /**
   * Reads text that is published in parts.
   *
   * @param source what to call it
   * @param training the file or folder to train on
   * @param validation the file or folder to evaluate on
   * @return the text, split between the two
   * @throws UserException as {@link #load(String)}
   */
  public static TextCorpus load(String source, Path training, Path validation) {
    long limit = Math.min(LARGEST, Runtime.getRuntime().maxMemory() / 4);
    TextFiles first = TextFiles.read(training.toString(), limit);
    byte[] before = first.joined();
    TextFiles second = TextFiles.read(validation.toString(), limit - before.length);
    byte[] after = second.joined();
    byte[] content = Arrays.copyOf(before, before.length + after.length);
    System.arraycopy(after, 0, content, before.length, after.length);
    List<String> names = new ArrayList<>(first.names());
    names.addAll(second.names());
    Map<String, Integer> skipped = new TreeMap<>(first.skipped());
    second.skipped().forEach((reason, count) -> skipped.merge(reason, count, Integer::sum));
    return new TextCorpus(
        content,
        before.length,
        true,
        new Provenance(source, List.copyOf(names), content.length, sha256(content), skipped));
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
   * The same text with whole words in both parts.
   *
   * @return text that is published in parts as it is, other text with the rest of a word that was
   *     cut in the training part
   */
  public TextCorpus cutBehindWord() {
    int cut = trainingLength;
    while (!inParts
        && cut > 0
        && cut < content.length
        && !TextParts.isSpace(content[cut - 1])
        && !TextParts.isSpace(content[cut])) {
      cut++;
    }
    return new TextCorpus(content, cut, inParts, provenance);
  }

  /**
   * How many bytes are for training.
   *
   * @return nine tenths of the length, rounded down, or the published part's; the validation part
   *     begins here
   */
  public int trainingLength() {
    return trainingLength;
  }

  /**
   * How many bytes are for validation.
   *
   * @return what is not for training
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

  /** Whether the text is published in its two parts; else it was cut at any byte. */
  boolean isInParts() {
    return inParts;
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
