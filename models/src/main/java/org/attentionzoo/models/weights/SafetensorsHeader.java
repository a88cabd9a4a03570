package org.attentionzoo.models.weights;

import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.NearestName;

/**
 * The header of a safetensors file, checked: every tensor has the bytes that its type and shape
 * say, and the tensors fill the rest of the file without gap or overlap.
 *
 * @param metadata the file's own strings
 * @param tensors by name, in the order of their bytes
 */
record SafetensorsHeader(Map<String, String> metadata, Map<String, TensorInfo> tensors) {

  /** The format's own limit. */
  static final long MOST_BYTES = 100_000_000;

  private static final int MOST_AXES = 64;

  /** Where the format keeps the file's own strings. */
  static final String METADATA = "__metadata__";

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          // Names out of files would stay in memory for good.
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .build();

  /**
   * Parses and checks a header.
   *
   * @param json the header's bytes
   * @param dataBegin where the tensors' bytes begin
   * @param fileSize the file's size
   * @throws WeightsException if anything is not as it should be; names no file
   */
  static SafetensorsHeader parse(byte[] json, long dataBegin, long fileSize) {
    // Without this the parser would guess UTF-16 and UTF-32, which the format does not have.
    if (json.length < 2 || json[0] != '{' || json[1] == 0) {
      throw new WeightsException("the header does not begin with a brace");
    }
    Map<String, String> metadata = new LinkedHashMap<>();
    List<TensorInfo> tensors = new ArrayList<>();
    try (JsonParser parser = JSON.createParser(json)) {
      expect(parser.nextToken(), JsonToken.START_OBJECT, "the header");
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String name = parser.currentName();
        expect(parser.nextToken(), JsonToken.START_OBJECT, "the entry '" + Shown.of(name) + "'");
        if (name.equals(METADATA)) {
          readMetadata(parser, metadata);
        } else {
          tensors.add(readTensor(parser, name, dataBegin, fileSize));
        }
      }
      if (parser.nextToken() != null) {
        throw new WeightsException("the header goes on after its closing brace");
      }
    } catch (JsonProcessingException e) {
      throw new WeightsException(
          "the header is no valid JSON: " + Shown.of(e.getOriginalMessage()), e);
    } catch (IOException e) {
      throw new WeightsException("the header is no valid JSON: " + e.getMessage(), e);
    }
    tensors.sort(Comparator.comparingLong(TensorInfo::offset).thenComparingLong(TensorInfo::bytes));
    checkCover(tensors, dataBegin, fileSize);
    Map<String, TensorInfo> byName = new LinkedHashMap<>();
    tensors.forEach(t -> byName.put(t.name(), t));
    return new SafetensorsHeader(metadata, byName);
  }

  private static void readMetadata(JsonParser parser, Map<String, String> metadata)
      throws IOException {
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      expect(parser.nextToken(), JsonToken.VALUE_STRING, "the metadata '" + Shown.of(key) + "'");
      metadata.put(key, parser.getText());
    }
  }

  private static TensorInfo readTensor(
      JsonParser parser, String name, long dataBegin, long fileSize) throws IOException {
    String where = "tensor '" + Shown.of(name) + "': ";
    TensorType type = null;
    long[] shape = null;
    long[] offsets = null;
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String field = parser.currentName();
      JsonToken token = parser.nextToken();
      switch (field) {
        case "dtype" -> {
          expect(token, JsonToken.VALUE_STRING, where + "dtype");
          type = type(parser.getText(), where);
        }
        case "shape" -> shape = integers(parser, token, where + "shape", MOST_AXES);
        case "data_offsets" -> offsets = integers(parser, token, where + "data_offsets", 2);
        default -> throw new WeightsException(where + "unknown field '" + Shown.of(field) + "'");
      }
    }
    if (type == null || shape == null || offsets == null) {
      throw new WeightsException(where + "dtype, shape and data_offsets are not all given");
    }
    if (offsets.length != 2 || offsets[1] < offsets[0] || offsets[1] > fileSize - dataBegin) {
      throw new WeightsException(
          where
              + "data_offsets "
              + Arrays.toString(offsets)
              + " lie outside the file's "
              + (fileSize - dataBegin)
              + " bytes of data");
    }
    long bytes = bytes(type, shape, where);
    if (bytes != offsets[1] - offsets[0]) {
      throw new WeightsException(
          where
              + type
              + " of shape "
              + Arrays.toString(shape)
              + " has "
              + bytes
              + " bytes, data_offsets give "
              + (offsets[1] - offsets[0]));
    }
    return new TensorInfo(name, type, new Shape(shape), dataBegin + offsets[0], bytes);
  }

  private static TensorType type(String text, String where) {
    for (TensorType type : TensorType.values()) {
      if (type.name().equals(text)) {
        return type;
      }
    }
    List<String> known = Arrays.stream(TensorType.values()).map(Enum::name).toList();
    throw new WeightsException(
        where + "unknown dtype '" + Shown.of(text) + "'" + NearestName.suggestion(text, known));
  }

  private static long[] integers(JsonParser parser, JsonToken first, String what, int most)
      throws IOException {
    expect(first, JsonToken.START_ARRAY, what);
    long[] values = new long[Math.min(most, 8)];
    int count = 0;
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      expect(parser.currentToken(), JsonToken.VALUE_NUMBER_INT, what);
      if (count == most) {
        throw new WeightsException(what + " has more than " + most + " numbers");
      }
      if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
          || parser.getLongValue() < 0) {
        throw new WeightsException(what + " has the number " + Shown.of(parser.getText()));
      }
      if (count == values.length) {
        values = Arrays.copyOf(values, most);
      }
      values[count++] = parser.getLongValue();
    }
    return Arrays.copyOf(values, count);
  }

  private static long bytes(TensorType type, long[] shape, String where) {
    try {
      long bytes = type.bytes();
      for (long extent : shape) {
        bytes = Math.multiplyExact(bytes, extent);
      }
      return bytes;
    } catch (ArithmeticException e) {
      throw new WeightsException(
          where + "the shape " + Arrays.toString(shape) + " is beyond all sizes", e);
    }
  }

  private static void checkCover(List<TensorInfo> sorted, long dataBegin, long fileSize) {
    long end = dataBegin;
    String before = "the header";
    for (TensorInfo tensor : sorted) {
      if (tensor.offset() != end) {
        throw new WeightsException(
            "tensor '"
                + Shown.of(tensor.name())
                + "' "
                + (tensor.offset() < end ? "overlaps " : "leaves a gap after ")
                + before);
      }
      end = tensor.offset() + tensor.bytes();
      before = "'" + Shown.of(tensor.name()) + "'";
    }
    if (end != fileSize) {
      throw new WeightsException("the file has " + (fileSize - end) + " bytes after its tensors");
    }
  }

  private static void expect(JsonToken found, JsonToken expected, String what) {
    if (found != expected) {
      throw new WeightsException(what + " should be " + expected + ", but is " + found);
    }
  }
}
