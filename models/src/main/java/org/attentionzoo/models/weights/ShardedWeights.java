package org.attentionzoo.models.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.attentionzoo.blocks.NearestName;

/**
 * Weights in several files of one folder, with an index that says which tensor is in which: {@code
 * model.safetensors.index.json}, or {@code pytorch_model.bin.index.json}. All files are opened and
 * their headers checked against the index before anything is read.
 *
 * <p>Thread safety: may be read by several threads, each with its own manager.
 */
public final class ShardedWeights implements StoredWeights {

  /** The usual name of an index. */
  public static final String INDEX = "model.safetensors.index.json";

  /** The usual name of weights in one file. */
  public static final String SINGLE = "model.safetensors";

  private static final long MOST_INDEX_BYTES = 100_000_000;
  private static final int MOST_SHARDS = 4096;
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .build();

  private final Path index;
  private final Map<String, StoredWeights> shards = new LinkedHashMap<>();
  private final Map<String, StoredWeights> places = new LinkedHashMap<>();
  private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();
  private final List<String> notes = new ArrayList<>();

  private ShardedWeights(Path index) {
    this.index = index;
  }

  /**
   * Opens an index and its files.
   *
   * @param index the index
   * @return the open files
   * @throws WeightsException if the index cannot be read, a file is missing or damaged, or index
   *     and files disagree
   */
  public static ShardedWeights open(Path index) {
    ShardedWeights opened = new ShardedWeights(index);
    boolean done = false;
    try {
      opened.load();
      done = true;
      return opened;
    } catch (JsonProcessingException e) {
      throw new WeightsException(
          index + " is no valid JSON: " + Shown.of(e.getOriginalMessage()), e);
    } catch (IOException e) {
      throw new WeightsException(index + " cannot be read: " + e.getMessage(), e);
    } finally {
      if (!done) {
        opened.close();
      }
    }
  }

  private void load() throws IOException {
    WeightFiles.requireFile(index, "the index of the weights");
    if (Files.size(index) > MOST_INDEX_BYTES) {
      throw new WeightsException(
          index
              + " has "
              + Files.size(index)
              + " bytes; at most "
              + MOST_INDEX_BYTES
              + " are read");
    }
    Map<String, String> files = new LinkedHashMap<>();
    Long total = read(files);
    for (String name : new TreeSet<>(files.values())) {
      shards.put(name, WeightFiles.openFile(inFolder(name)));
    }
    files.forEach(this::place);
    for (Map.Entry<String, StoredWeights> shard : shards.entrySet()) {
      for (String name : shard.getValue().tensors().keySet()) {
        if (!shard.getKey().equals(files.get(name))) {
          throw new WeightsException(
              shard.getKey()
                  + " holds '"
                  + Shown.of(name)
                  + "', which "
                  + index
                  + (files.containsKey(name) ? " places elsewhere" : " does not list"));
        }
      }
      metadata.putAll(shard.getValue().metadata());
      shard.getValue().notes().forEach(note -> notes.add(shard.getKey() + ": " + note));
    }
    long bytes = tensors.values().stream().mapToLong(TensorInfo::bytes).sum();
    if (total != null && total != bytes) {
      notes.add("the index announces " + total + " bytes, the files have " + bytes);
    }
  }

  private void place(String name, String file) {
    StoredWeights shard = shards.get(file);
    TensorInfo tensor = shard.tensors().get(name);
    if (tensor == null) {
      throw new WeightsException(
          index + " places '" + Shown.of(name) + "' in " + file + ", which does not hold it");
    }
    tensors.put(name, tensor);
    places.put(name, shard);
  }

  /** Only beside the index: an index from elsewhere must not reach other files. */
  private Path inFolder(String name) {
    if (name.isEmpty() || !name.matches("[^/\\\\\\p{Cntrl}]{1,255}") || name.startsWith(".")) {
      throw new WeightsException(
          index + " names the file '" + Shown.of(name) + "'; expected one in the same folder");
    }
    Path file = index.resolveSibling(name);
    if (!Files.isRegularFile(file)) {
      throw new WeightsException(index + " names " + name + ", which is not there");
    }
    if (name.endsWith(".json")) {
      throw new WeightsException(index + " names " + name + ", which is no file of weights");
    }
    return file;
  }

  private Long read(Map<String, String> files) throws IOException {
    Long total = null;
    boolean mapped = false;
    try (JsonParser parser = JSON.createParser(Files.readAllBytes(index))) {
      expect(parser.nextToken(), JsonToken.START_OBJECT, "the index");
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String key = parser.currentName();
        JsonToken value = parser.nextToken();
        if (key.equals("weight_map")) {
          expect(value, JsonToken.START_OBJECT, key);
          mapped = true;
          readMap(parser, files);
        } else if (key.equals("metadata") && value == JsonToken.START_OBJECT) {
          total = total(parser);
        } else {
          parser.skipChildren();
        }
      }
      if (parser.nextToken() != null) {
        throw new WeightsException(index + " goes on after its closing brace");
      }
    }
    if (!mapped) {
      throw new WeightsException(index + " has no weight_map, so it is no index of weights");
    }
    return total;
  }

  private void readMap(JsonParser parser, Map<String, String> files) throws IOException {
    Map<String, String> names = new LinkedHashMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      expect(parser.nextToken(), JsonToken.VALUE_STRING, "the file of '" + Shown.of(name) + "'");
      String file = parser.getText();
      files.put(name, names.computeIfAbsent(file, f -> f));
      if (names.size() > MOST_SHARDS) {
        throw new WeightsException(index + " names more than " + MOST_SHARDS + " files");
      }
    }
  }

  private static Long total(JsonParser parser) throws IOException {
    Long total = null;
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      JsonToken value = parser.nextToken();
      if (key.equals("total_size")
          && value == JsonToken.VALUE_NUMBER_INT
          && parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER) {
        total = parser.getLongValue();
      } else {
        parser.skipChildren();
      }
    }
    return total;
  }

  private void expect(JsonToken found, JsonToken expected, String what) {
    if (found != expected) {
      throw new WeightsException(
          index + ": " + what + " should be " + expected + ", but is " + found);
    }
  }

  /** {@inheritDoc} */
  @Override
  public String format() {
    List<String> formats = shards.values().stream().map(StoredWeights::format).distinct().toList();
    return shards.size() + " files of " + String.join(" and ", formats);
  }

  /** {@inheritDoc} */
  @Override
  public Map<String, String> metadata() {
    return Collections.unmodifiableMap(metadata);
  }

  /** {@inheritDoc} */
  @Override
  public List<String> notes() {
    return Collections.unmodifiableList(notes);
  }

  /** {@inheritDoc} */
  @Override
  public Map<String, TensorInfo> tensors() {
    return Collections.unmodifiableMap(tensors);
  }

  /** {@inheritDoc} */
  @Override
  public NDArray read(NDManager manager, String name) {
    return shardOf(name).read(manager, name);
  }

  /** {@inheritDoc} */
  @Override
  public void readInto(NDArray target, String name) {
    shardOf(name).readInto(target, name);
  }

  /** {@inheritDoc} */
  @Override
  public void copy(String name, WritableByteChannel target) throws IOException {
    shardOf(name).copy(name, target);
  }

  private StoredWeights shardOf(String name) {
    StoredWeights shard = places.get(name);
    if (shard == null) {
      throw new WeightsException(
          index
              + " has no tensor '"
              + Shown.of(name)
              + "'"
              + NearestName.suggestion(name, tensors.keySet()));
    }
    return shard;
  }

  /** {@inheritDoc} */
  @Override
  public String origin() {
    return index.toString();
  }

  /** {@inheritDoc} */
  @Override
  public void close() {
    shards.values().forEach(StoredWeights::close);
  }
}
