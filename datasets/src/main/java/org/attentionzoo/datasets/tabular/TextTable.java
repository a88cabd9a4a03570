package org.attentionzoo.datasets.tabular;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.blocks.NearestName;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.catalog.Hashes;

/**
 * A table of text cells with named columns, from CSV (RFC 4180 with a header; commas, or tabs or
 * semicolons if the header has more of these) or JSON lines (an object in each line, whose values
 * are no objects or arrays; a key that is missing is an empty cell).
 *
 * @param source the file
 * @param sha256 of the file
 * @param columns the names of the columns
 * @param rows the cells, as many in each row as there are columns
 */
public record TextTable(String source, String sha256, List<String> columns, List<String[]> rows) {

  private static final JsonMapper JSON = new JsonMapper();
  private static final long LARGEST = 1L << 30;
  private static final int MOST_COLUMNS = 100_000;
  private static final int SHOWN = 40;

  /**
   * Reads CSV.
   *
   * @param file the file
   * @return the table
   * @throws UserException if it is none; names the row
   */
  public static TextTable csv(Path file) {
    byte[] bytes = read(file);
    String text = text(file, bytes);
    int end = text.indexOf('\n');
    char separator = separator(end < 0 ? text : text.substring(0, end));
    List<String[]> rows = new Parser(file, text, separator).rows();
    if (rows.isEmpty()) {
      throw new UserException(file + " is empty; expected a header with the names of the columns");
    }
    List<String> columns = List.of(rows.get(0));
    requireDistinct(file, columns);
    if (rows.size() == 1) {
      throw new UserException(file + " has a header and no row");
    }
    return new TextTable(file.toString(), hash(bytes), columns, rows.subList(1, rows.size()));
  }

  /**
   * Reads JSON lines.
   *
   * @param file the file
   * @return the table; its columns are the keys of all lines, in the order of appearance
   * @throws UserException if it is none; names the line
   */
  public static TextTable jsonLines(Path file) {
    byte[] bytes = read(file);
    String[] lines = text(file, bytes).split("\n", -1);
    List<JsonNode> objects = new ArrayList<>();
    List<String> columns = new ArrayList<>();
    HashSet<String> known = new HashSet<>();
    for (int i = 0; i < lines.length; i++) {
      if (lines[i].isBlank()) {
        continue;
      }
      JsonNode node = parse(file, i + 1, lines[i]);
      Iterator<String> names = node.fieldNames();
      while (names.hasNext()) {
        String name = names.next();
        if (known.add(name)) {
          columns.add(name);
        }
      }
      if (columns.size() > MOST_COLUMNS) {
        throw new UserException(file + " has more than " + MOST_COLUMNS + " different keys");
      }
      objects.add(node);
    }
    if (objects.isEmpty() || columns.isEmpty()) {
      throw new UserException(file + " holds no JSON object; expected one in each line");
    }
    List<String[]> rows = new ArrayList<>(objects.size());
    for (JsonNode node : objects) {
      String[] row = new String[columns.size()];
      for (int c = 0; c < row.length; c++) {
        JsonNode value = node.get(columns.get(c));
        row[c] = value == null || value.isNull() ? "" : value.asText();
      }
      rows.add(row);
    }
    return new TextTable(file.toString(), hash(bytes), List.copyOf(columns), rows);
  }

  private static JsonNode parse(Path file, int line, String text) {
    JsonNode node;
    try {
      node = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new UserException(
          file + ", line " + line + " is no JSON: " + e.getOriginalMessage(), e);
    }
    if (node == null || !node.isObject()) {
      throw new UserException(file + ", line " + line + " is no JSON object");
    }
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      if (field.getValue().isContainerNode()) {
        throw new UserException(
            file
                + ", line "
                + line
                + ": '"
                + field.getKey()
                + "' is an object or array; expected text, a number or true or false");
      }
    }
    return node;
  }

  /**
   * The place of a column.
   *
   * @param name its name
   * @return from 0
   * @throws UserException if there is none; names those there are
   */
  public int column(String name) {
    int place = columns.indexOf(name);
    if (place < 0) {
      throw new UserException(
          source
              + " has no column '"
              + name
              + "'; it has "
              + String.join(", ", columns)
              + NearestName.suggestion(name, columns));
    }
    return place;
  }

  /**
   * A cell as a number.
   *
   * @param row from 0
   * @param column from 0
   * @return the number, finite
   * @throws UserException if it is none; names row and column
   */
  public float number(int row, int column) {
    String cell = rows.get(row)[column].strip();
    try {
      float value = Float.parseFloat(cell);
      if (Float.isFinite(value)) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Told below, with what was expected.
    }
    throw new UserException(
        source
            + ", row "
            + (row + 1)
            + ", column '"
            + columns.get(column)
            + "' is '"
            + shortened(cell)
            + "'; expected a finite number");
  }

  /**
   * A column's cells as numbers.
   *
   * @param column from 0
   * @param places the rows, from 0
   * @return a number for each of them
   * @throws UserException if one is no finite number; names the row and column
   */
  public float[] numbers(int column, int[] places) {
    float[] numbers = new float[places.length];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = number(places[i], column);
    }
    return numbers;
  }

  private static String shortened(String cell) {
    return cell.length() <= SHOWN ? cell : cell.substring(0, SHOWN) + "...";
  }

  private static char separator(String header) {
    char best = ',';
    long most = header.chars().filter(c -> c == ',').count();
    for (char other : new char[] {'\t', ';'}) {
      long count = header.chars().filter(c -> c == other).count();
      if (count > most) {
        best = other;
        most = count;
      }
    }
    return best;
  }

  private static void requireDistinct(Path file, List<String> columns) {
    HashSet<String> seen = new HashSet<>();
    for (String column : columns) {
      if (!seen.add(column)) {
        throw new UserException(file + ": the header names '" + column + "' twice");
      }
    }
  }

  private static byte[] read(Path file) {
    try {
      if (!Files.isRegularFile(file)) {
        throw new UserException("no file '" + file + "'");
      }
      long most = Math.min(LARGEST, Runtime.getRuntime().maxMemory() / 8);
      if (Files.size(file) > most) {
        throw new UserException(
            String.format(
                Locale.ROOT,
                "%s has %,d bytes; at most %,d can be read (an eighth of the heap: JAVA_OPTS=-Xmx)",
                file,
                Files.size(file),
                most));
      }
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UserException(file + " cannot be read: " + e, e);
    }
  }

  private static String text(Path file, byte[] bytes) {
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      if (text.indexOf('\0') >= 0) {
        throw new UserException(file + " is binary: it holds NUL bytes");
      }
      return text.startsWith("\uFEFF") ? text.substring(1) : text;
    } catch (CharacterCodingException e) {
      throw new UserException(file + " is not valid UTF-8", e);
    }
  }

  private static String hash(byte[] bytes) {
    return HexFormat.of().formatHex(Hashes.digest().digest(bytes));
  }

  /** Takes CSV apart. */
  private static final class Parser {
    private final Path file;
    private final String text;
    private final char separator;
    private int at;

    Parser(Path file, String text, char separator) {
      this.file = file;
      this.text = text;
      this.separator = separator;
    }

    List<String[]> rows() {
      List<String[]> rows = new ArrayList<>();
      while (at < text.length()) {
        String[] row = row(rows.size());
        boolean blank = row.length == 1 && row[0].isBlank();
        if (blank && (rows.isEmpty() || rows.get(0).length > 1)) {
          continue;
        }
        if (!rows.isEmpty() && row.length != rows.get(0).length) {
          throw new UserException(
              file
                  + ", row "
                  + rows.size()
                  + " has "
                  + row.length
                  + " cells; the header has "
                  + rows.get(0).length);
        }
        rows.add(row);
      }
      return rows;
    }

    private String[] row(int number) {
      List<String> cells = new ArrayList<>();
      while (true) {
        cells.add(cell(number));
        if (cells.size() > MOST_COLUMNS) {
          throw new UserException(file + " has more than " + MOST_COLUMNS + " columns");
        }
        if (at >= text.length()) {
          break;
        }
        char next = text.charAt(at++);
        if (next == separator) {
          continue;
        }
        if (next == '\r' && at < text.length() && text.charAt(at) == '\n') {
          at++;
        }
        break;
      }
      return cells.toArray(String[]::new);
    }

    private String cell(int number) {
      if (at < text.length() && text.charAt(at) == '"') {
        return quoted(number);
      }
      int start = at;
      while (at < text.length() && !ends(text.charAt(at))) {
        at++;
      }
      return text.substring(start, at);
    }

    private boolean ends(char c) {
      return c == separator || c == '\n' || c == '\r';
    }

    private String quoted(int number) {
      StringBuilder cell = new StringBuilder();
      at++;
      while (at < text.length()) {
        char c = text.charAt(at++);
        if (c != '"') {
          cell.append(c);
        } else if (at < text.length() && text.charAt(at) == '"') {
          cell.append('"');
          at++;
        } else {
          if (at < text.length() && !ends(text.charAt(at))) {
            throw new UserException(
                file + ", row " + number + ": something stands behind a closing quote");
          }
          return cell.toString();
        }
      }
      throw new UserException(file + ", row " + number + ": a quote is never closed");
    }
  }
}
