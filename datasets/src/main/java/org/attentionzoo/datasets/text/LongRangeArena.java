package org.attentionzoo.datasets.text;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.catalog.Hashes;

/**
 * Long Range Arena's published TSV files (Tay et al. 2021), as tokens and classes:
 *
 * <ul>
 *   <li>ListOps: {@code basic_train.tsv}, {@code basic_val.tsv}, {@code basic_test.tsv} with a
 *       header {@code Source<TAB>Target}. Parentheses are dropped, as the official code does;
 *       tokens are {@link #LIST_OPS} from 1, 0 being padding;
 *   <li>document pairs (AAN): {@code new_aan_pairs.train.tsv}, {@code .eval.tsv}, {@code .test.tsv}
 *       of label, two ids and two texts. Tokens are the bytes plus 1 of both texts, 0 and then 257
 *       between them; where they are too long each keeps its first half of the length.
 * </ul>
 *
 * @param training what is trained on
 * @param evaluated what is evaluated on
 * @param vocabulary how many tokens there are
 * @param classes how many classes there are
 * @param sha256 of what was read
 */
public record LongRangeArena(
    List<Example> training, List<Example> evaluated, int vocabulary, int classes, String sha256) {

  /** The tokens of ListOps, from 1. */
  public static final List<String> LIST_OPS =
      List.of("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "[MIN", "[MAX", "[MED", "[SM", "]");

  private static final int SEPARATOR = 257;
  private static final long LARGEST_LINE = 1 << 24;

  /**
   * A sequence and its class.
   *
   * @param tokens from 1
   * @param label from 0
   */
  public record Example(long[] tokens, int label) {}

  /** Makes an example of a line's columns. */
  private interface Reader {
    Example read(String[] columns, String where);
  }

  /**
   * Reads ListOps.
   *
   * @param folder holds the files
   * @param length the most tokens of a sequence; what is longer is cut off
   * @param test whether the test part is evaluated on instead of the validation part
   * @return the examples
   * @throws UserException if a file is missing or a line is none of these; names it
   */
  public static LongRangeArena listOps(Path folder, int length, boolean test) {
    MessageDigest digest = Hashes.digest();
    Reader reader =
        (columns, where) -> {
          if (columns.length != 2 || !columns[1].strip().matches("[0-9]")) {
            throw new UserException(
                where + " is no expression, a tab and a digit: Source<TAB>Target");
          }
          return new Example(
              expression(columns[0], length, where), columns[1].strip().charAt(0) - '0');
        };
    return new LongRangeArena(
        read(folder.resolve("basic_train.tsv"), "Source\tTarget", digest, reader),
        read(
            folder.resolve(test ? "basic_test.tsv" : "basic_val.tsv"),
            "Source\tTarget",
            digest,
            reader),
        LIST_OPS.size() + 1,
        10,
        HexFormat.of().formatHex(digest.digest()));
  }

  private static long[] expression(String source, int length, String where) {
    String[] words = source.replace("(", " ").replace(")", " ").strip().split("\\s+");
    long[] tokens = new long[Math.min(words.length, length)];
    for (int i = 0; i < tokens.length; i++) {
      int place = LIST_OPS.indexOf(words[i]);
      if (place < 0) {
        throw new UserException(where + " has '" + shortened(words[i]) + "'; known: " + LIST_OPS);
      }
      tokens[i] = place + 1;
    }
    return tokens;
  }

  /**
   * Reads document pairs.
   *
   * @param folder holds the files
   * @param length the most tokens of a pair
   * @param test whether the test part is evaluated on instead of the validation part
   * @return the examples
   * @throws UserException if a file is missing or a line is none of these; names it
   */
  public static LongRangeArena documentPairs(Path folder, int length, boolean test) {
    if (length < 3) {
      throw new UserException("length=" + length + "; expected at least 3 tokens");
    }
    MessageDigest digest = Hashes.digest();
    Reader reader =
        (columns, where) -> {
          if (columns.length != 5 || !columns[0].strip().matches("[01](\\.0)?")) {
            throw new UserException(
                where + " is not label, id, id, text, text, with tabs between and a label 0 or 1");
          }
          return new Example(
              pair(columns[3], columns[4], length), columns[0].strip().charAt(0) - '0');
        };
    return new LongRangeArena(
        read(folder.resolve("new_aan_pairs.train.tsv"), null, digest, reader),
        read(
            folder.resolve(test ? "new_aan_pairs.test.tsv" : "new_aan_pairs.eval.tsv"),
            null,
            digest,
            reader),
        SEPARATOR + 1,
        2,
        HexFormat.of().formatHex(digest.digest()));
  }

  private static long[] pair(String first, String second, int length) {
    byte[] a = first.getBytes(StandardCharsets.UTF_8);
    byte[] b = second.getBytes(StandardCharsets.UTF_8);
    int half = (length - 1) / 2;
    int before = Math.min(a.length, Math.max(half, length - 1 - b.length));
    int after = Math.min(b.length, length - 1 - before);
    long[] tokens = new long[before + 1 + after];
    for (int i = 0; i < before; i++) {
      tokens[i] = (a[i] & 0xff) + 1;
    }
    tokens[before] = SEPARATOR;
    for (int i = 0; i < after; i++) {
      tokens[before + 1 + i] = (b[i] & 0xff) + 1;
    }
    return tokens;
  }

  private static List<Example> read(Path file, String header, MessageDigest digest, Reader reader) {
    if (!Files.isRegularFile(file)) {
      throw new UserException("no file " + file + "; give the folder of the published TSV files");
    }
    List<Example> examples = new ArrayList<>();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                new DigestInputStream(Files.newInputStream(file), digest),
                StandardCharsets.UTF_8.newDecoder()))) {
      int number = 0;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        number++;
        if (line.length() > LARGEST_LINE) {
          throw new UserException(file + ", line " + number + " is too long");
        }
        if (line.isBlank() || number == 1 && line.equals(header)) {
          continue;
        }
        examples.add(reader.read(line.split("\t", -1), file + ", line " + number));
      }
    } catch (CharacterCodingException e) {
      throw new UserException(file + " is not valid UTF-8", e);
    } catch (IOException e) {
      throw new UserException(file + " cannot be read: " + e, e);
    }
    if (examples.isEmpty()) {
      throw new UserException(file + " holds no example");
    }
    return examples;
  }

  private static String shortened(String word) {
    return word.length() <= 40 ? word : word.substring(0, 40) + "...";
  }

  /**
   * The classes of a part.
   *
   * @param part examples
   * @return a number for each
   */
  public static long[] labels(List<Example> part) {
    return part.stream().mapToLong(Example::label).toArray();
  }

  /**
   * The sequences of a part.
   *
   * @param part examples
   * @return tokens for each
   */
  public static List<long[]> sequences(List<Example> part) {
    return Arrays.asList(part.stream().map(Example::tokens).toArray(long[][]::new));
  }
}
