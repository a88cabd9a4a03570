package org.attentionzoo.datasets.recommendation;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.attentionzoo.blocks.UserException;

/**
 * What users took, in order of time: a file with {@code user item} in each line (SASRec's format);
 * one of RecBole's {@code .inter} files, whose header names {@code user_id}, {@code item_id} and
 * {@code timestamp}; or MovieLens' {@code u.data} ({@code user item rating time}, by that name),
 * {@code ratings.dat} ({@code user::item::rating::time}) or {@code ratings.csv} (with a header).
 * Users may have any name; items are numbered from 1.
 *
 * <p>Immutable.
 */
public final class Interactions {

  /** A table of item vectors is made from the largest id. */
  private static final int LARGEST_ITEM = 50_000_000;

  private final String source;
  private final String sha256;
  private final int items;
  private final long actions;
  private final List<int[]> sequences;

  private Interactions(
      String source, String sha256, int items, long actions, List<int[]> sequences) {
    this.source = source;
    this.sha256 = sha256;
    this.items = items;
    this.actions = actions;
    this.sequences = sequences;
  }

  /** One user's items while they are read. */
  private static final class Sequence {
    private int[] items = new int[8];
    private double[] times;
    private int size;

    void add(int item, double time, boolean timed) {
      if (size == items.length) {
        items = Arrays.copyOf(items, 2 * size);
        times = timed ? Arrays.copyOf(times, 2 * size) : null;
      }
      if (timed) {
        times = times == null ? new double[items.length] : times;
        times[size] = time;
      }
      items[size++] = item;
    }

    int[] inOrder() {
      if (times == null) {
        return Arrays.copyOf(items, size);
      }
      Integer[] order = new Integer[size];
      Arrays.setAll(order, i -> i);
      Arrays.sort(order, Comparator.comparingDouble(i -> times[i]));
      return Arrays.stream(order).mapToInt(i -> items[i]).toArray();
    }
  }

  /**
   * Where the columns are.
   *
   * @param user the user's column
   * @param item the item's column
   * @param time the time's column; -1 if the lines are in order
   * @param least how many columns a line has at least
   * @param separator what stands between columns
   */
  private record Columns(int user, int item, int time, int least, Pattern separator) {
    static final Pattern SPACE = Pattern.compile("\\s+");
    static final Columns PLAIN = new Columns(0, 1, -1, 2, SPACE);

    /** The columns of a file, by its name and first line; a header is told by its names. */
    static Columns of(String file, String first) {
      if (isHeader(first)) {
        return named(first);
      }
      if (first.contains("::")) {
        return new Columns(0, 1, 3, 4, Pattern.compile("::"));
      }
      return file.equals("u.data") ? new Columns(0, 1, 3, 4, SPACE) : PLAIN;
    }

    static boolean isHeader(String first) {
      return first.contains(":token") || first.startsWith("userId,movieId");
    }

    private static Columns named(String header) {
      Pattern separator = header.contains(",") ? Pattern.compile(",") : SPACE;
      List<String> names =
          Arrays.stream(separator.split(header.strip()))
              .map(
                  n ->
                      n.replaceAll(":.*", "")
                          .replace("userId", "user_id")
                          .replace("movieId", "item_id"))
              .toList();
      Columns columns =
          new Columns(
              names.indexOf("user_id"),
              names.indexOf("item_id"),
              names.indexOf("timestamp"),
              names.size(),
              separator);
      if (columns.user < 0 || columns.item < 0) {
        throw new UserException(
            "its header names " + String.join(", ", names) + "; expected user_id and item_id");
      }
      return columns;
    }
  }

  /**
   * Reads a file.
   *
   * @param location its path
   * @return what it holds
   * @throws UserException if it is missing or a line is none of these
   */
  public static Interactions load(String location) {
    Path file;
    try {
      file = Path.of(location);
    } catch (InvalidPathException e) {
      throw new UserException("'" + location + "' is not a path: " + e.getReason(), e);
    }
    if (location.isBlank() || !Files.isRegularFile(file)) {
      throw new UserException(
          "'"
              + location
              + "' is not a file; give one with 'user item' in each line, in order of time");
    }
    try (DigestInputStream in =
            new DigestInputStream(
                Files.newInputStream(file), MessageDigest.getInstance("SHA-256"));
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8.newDecoder()))) {
      Map<String, Sequence> users = new LinkedHashMap<>();
      int items = 0;
      long actions = 0;
      Columns columns = Columns.PLAIN;
      long number = 0;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        number++;
        if (number == 1) {
          columns = Columns.of(file.getFileName().toString(), line);
        }
        if (!line.isBlank() && !(number == 1 && Columns.isHeader(line))) {
          items = Math.max(items, add(users, columns, line, location, number));
          actions++;
        }
      }
      if (actions == 0) {
        throw new UserException("'" + location + "' holds no interaction");
      }
      String hash = HexFormat.of().formatHex(in.getMessageDigest().digest());
      List<int[]> sequences = users.values().stream().map(Sequence::inOrder).toList();
      return new Interactions(location, hash, items, actions, sequences);
    } catch (CharacterCodingException e) {
      throw new UserException("'" + location + "' is not a text file (not valid UTF-8)", e);
    } catch (IOException e) {
      throw new UserException("cannot read '" + location + "': " + e, e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static int add(
      Map<String, Sequence> users, Columns columns, String line, String location, long number) {
    String[] parts = columns.separator().split(line.strip());
    try {
      if (parts.length >= columns.least()) {
        int item = Integer.parseInt(parts[columns.item()]);
        double time = columns.time() < 0 ? 0 : Double.parseDouble(parts[columns.time()]);
        if (item >= 1 && item <= LARGEST_ITEM && !Double.isNaN(time)) {
          users
              .computeIfAbsent(parts[columns.user()], u -> new Sequence())
              .add(item, time, columns.time() >= 0);
          return item;
        }
      }
    } catch (NumberFormatException e) {
      // Told below, with what was expected.
    }
    throw new UserException(
        "'"
            + location
            + "' line "
            + number
            + " is '"
            + (line.length() > 60 ? line.substring(0, 60) + "..." : line)
            + "'; expected a user and an item, the item a number from 1 to "
            + LARGEST_ITEM);
  }

  /**
   * Where it was read from.
   *
   * @return the path as given
   */
  public String source() {
    return source;
  }

  /**
   * The file's hash.
   *
   * @return SHA-256 in hexadecimal
   */
  public String sha256() {
    return sha256;
  }

  /**
   * How many items there are.
   *
   * @return the largest id
   */
  public int items() {
    return items;
  }

  /**
   * How many interactions there are.
   *
   * @return the number of lines
   */
  public long actions() {
    return actions;
  }

  /**
   * How many users there are.
   *
   * @return the number of sequences
   */
  public int users() {
    return sequences.size();
  }

  /**
   * What a user took.
   *
   * @param user from 0, in order of first appearance
   * @return items, oldest first; not to be changed
   */
  int[] sequence(int user) {
    return sequences.get(user);
  }
}
