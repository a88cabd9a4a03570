package org.attentionzoo.models.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsFileTest {

  @TempDir Path folder;
  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private Map<String, NDArray> samples() {
    NDArray x = manager.randomNormal(0, 50, new Shape(3, 5), DataType.FLOAT32);
    Map<String, NDArray> samples = new LinkedHashMap<>();
    samples.put("z.f32", x);
    samples.put("a.f64", x.toType(DataType.FLOAT64, true).div(3));
    samples.put("b.f16", x.toType(DataType.FLOAT16, true));
    samples.put("c.i64", manager.create(new long[] {Long.MIN_VALUE, 0, Long.MAX_VALUE}));
    samples.put("d.i32", x.toType(DataType.INT32, true));
    samples.put("e.i8", manager.create(new byte[] {-128, 0, 127}, new Shape(3, 1)));
    samples.put("f.u8", x.abs().toType(DataType.UINT8, true));
    samples.put("g.bool", x.gt(0));
    samples.put("scalar", manager.create(2.5f));
    samples.put("empty", manager.create(new Shape(0, 4), DataType.FLOAT32));
    samples.put("transposed", x.transpose());
    samples.put(
        "special",
        manager.create(
            new float[] {Float.NaN, Float.POSITIVE_INFINITY, -0f, Float.MIN_VALUE, 1e-40f}));
    return samples;
  }

  @ParameterizedTest
  @ValueSource(longs = {1L << 30, 16})
  void givesBackEveryTypeBitForBit(long pieceBytes) throws IOException {
    Map<String, NDArray> samples = samples();
    Path file = folder.resolve("x.safetensors");
    SafetensorsWriter.write(
        file,
        samples,
        Map.of("format", "pt", "ümlaut", "\"quoted\"\n"),
        a -> TensorType.of(a.getDataType()),
        pieceBytes);
    try (SafetensorsFile read = SafetensorsFile.open(file, pieceBytes)) {
      assertThat(read.metadata())
          .containsExactlyInAnyOrderEntriesOf(Map.of("format", "pt", "ümlaut", "\"quoted\"\n"));
      assertThat(read.tensors()).containsOnlyKeys(samples.keySet());
      samples.forEach(
          (name, expected) -> {
            NDArray actual = read.read(manager, name);
            assertThat(actual.getShape()).as(name).isEqualTo(expected.getShape());
            assertThat(actual.getDataType()).as(name).isEqualTo(expected.getDataType());
            if (expected.size() > 0) {
              assertThat(actual.toByteArray()).as(name).isEqualTo(expected.toByteArray());
            }
          });
    }
  }

  @Test
  void readsWhatItReadAfterTheFileIsClosedAndGone() throws IOException {
    Path file = folder.resolve("x.safetensors");
    SafetensorsWriter.write(file, Map.of("x", manager.arange(5f)), Map.of());
    NDArray x;
    try (SafetensorsFile read = SafetensorsFile.open(file)) {
      x = read.read(manager, "x");
    }
    Files.delete(file);
    x.addi(1);
    assertThat(x.toFloatArray()).containsExactly(1, 2, 3, 4, 5);
  }

  @Test
  void writesTheSameBytesInAnyOrderOfTheMap() throws IOException {
    Map<String, NDArray> samples = samples();
    Map<String, NDArray> reversed = new LinkedHashMap<>();
    samples.keySet().stream()
        .sorted(java.util.Comparator.reverseOrder())
        .forEach(k -> reversed.put(k, samples.get(k)));
    Path a = folder.resolve("a");
    Path b = folder.resolve("b");
    SafetensorsWriter.write(a, samples, Map.of("p", "1", "q", "2"));
    SafetensorsWriter.write(b, reversed, Map.of("q", "2", "p", "1"));
    assertThat(Files.mismatch(a, b)).isEqualTo(-1);
  }

  @Test
  void alignsDataAndOrdersAsTheReferenceDoes() throws IOException {
    Path file = folder.resolve("x");
    SafetensorsWriter.write(file, samples(), Map.of());
    ByteBuffer head = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(head.getLong(0) % 8).isZero();
    try (SafetensorsFile read = SafetensorsFile.open(file)) {
      assertThat(read.tensors().values())
          .allSatisfy(t -> assertThat(t.offset() % t.type().bytes()).isZero());
      assertThat(read.tensors().keySet().iterator().next()).isEqualTo("c.i64");
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1L << 30, 4})
  void storesAndReadsTypesThatJavaCannotName(long pieceBytes) throws IOException {
    NDArray x = manager.create(new float[] {1f, -2.5f, 3.1415927f, 1e30f}, new Shape(2, 2));
    NDArray n = manager.create(new int[] {-32768, 0, 32767});
    Path file = folder.resolve("x");
    SafetensorsWriter.write(
        file,
        Map.of("x", x, "n", n),
        Map.of(),
        a -> a.getDataType().isFloating() ? TensorType.BF16 : TensorType.I16,
        pieceBytes);
    try (SafetensorsFile read = SafetensorsFile.open(file, pieceBytes)) {
      assertThat(read.tensors().get("x").type()).isEqualTo(TensorType.BF16);
      assertThat(read.read(manager, "n").toIntArray()).containsExactly(-32768, 0, 32767);
      NDArray back = read.read(manager, "x");
      assertThat(back.getShape()).isEqualTo(new Shape(2, 2));
      float pi = Float.intBitsToFloat(0x40490000);
      assertThat(back.toFloatArray()).startsWith(1f, -2.5f, pi).hasSize(4);
      assertThat(Math.abs(back.toFloatArray()[3] / 1e30f - 1)).isLessThan(1f / 256);
    }
  }

  @Test
  void readsUnsignedTypesAndSmallFloatsAndNamesWhatTheEngineLacks() throws IOException {
    Path file =
        write(
            "{\"a\":{\"dtype\":\"U16\",\"shape\":[2],\"data_offsets\":[0,4]},"
                + "\"b\":{\"dtype\":\"U32\",\"shape\":[1],\"data_offsets\":[4,8]},"
                + "\"c\":{\"dtype\":\"F8_E4M3\",\"shape\":[4],\"data_offsets\":[8,12]},"
                + "\"d\":{\"dtype\":\"F8_E5M2\",\"shape\":[],\"data_offsets\":[12,13]},"
                + "\"e\":{\"dtype\":\"U64\",\"shape\":[1],\"data_offsets\":[13,21]}}",
            0xFF,
            0xFF,
            1,
            0,
            0xFE,
            0xFF,
            0xFF,
            0xFF,
            0x38,
            0xB8,
            0x7F,
            0x01,
            0x3D,
            1,
            0,
            0,
            0,
            0,
            0,
            0,
            0x80);
    try (SafetensorsFile read = SafetensorsFile.open(file)) {
      assertThat(read.read(manager, "a").toIntArray()).containsExactly(65535, 1);
      assertThat(read.read(manager, "b").toLongArray()).containsExactly(0xFFFFFFFEL);
      assertThat(read.read(manager, "c").toFloatArray())
          .containsExactly(1f, -1f, Float.NaN, 1f / 512);
      assertThat(read.read(manager, "d").toFloatArray()).containsExactly(1.25f);
      assertThatThrownBy(() -> read.read(manager, "e"))
          .isInstanceOf(WeightsException.class)
          .hasMessageContaining("tensor 'e' is U64, which cannot be read");
    }
  }

  /** What the reference implementation writes for these tensors, byte for byte. */
  @Test
  void writesWhatTheFormatSays() throws IOException {
    Path file = folder.resolve("x");
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    tensors.put("b", manager.create(new byte[] {1, -1}));
    tensors.put("w", manager.create(new float[] {1, -0f}, new Shape(1, 2)));
    tensors.put("a", manager.create(7L));
    SafetensorsWriter.write(file, tensors, Map.of("format", "pt"));
    String header =
        "{\"__metadata__\":{\"format\":\"pt\"},"
            + "\"a\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
            + "\"w\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[8,16]},"
            + "\"b\":{\"dtype\":\"I8\",\"shape\":[2],\"data_offsets\":[16,18]}}";
    int padded = (header.length() + 7) / 8 * 8;
    ByteBuffer expected = ByteBuffer.allocate(8 + padded + 18).order(ByteOrder.LITTLE_ENDIAN);
    expected.putLong(padded).put(header.getBytes(StandardCharsets.US_ASCII));
    expected.put(" ".repeat(padded - header.length()).getBytes(StandardCharsets.US_ASCII));
    expected.putLong(7).putFloat(1).putFloat(-0f).put((byte) 1).put((byte) -1);
    assertThat(Files.readAllBytes(file)).isEqualTo(expected.array());
  }

  @Test
  void takesBooleanBytesOtherThanOneForTrue() throws IOException {
    Path file = write("{\"x\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[0,3]}}", 0, 7, 1);
    try (SafetensorsFile read = SafetensorsFile.open(file)) {
      assertThat(read.read(manager, "x").toBooleanArray()).containsExactly(false, true, true);
    }
  }

  @Test
  void readsAHeaderOfAnyLength() throws IOException {
    for (int blanks = 0; blanks < 8; blanks++) {
      Path file =
          write(
              "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}"
                  + " ".repeat(blanks),
              0,
              0,
              0x80,
              0x3f);
      try (SafetensorsFile read = SafetensorsFile.open(file)) {
        assertThat(read.read(manager, "x").toFloatArray()).containsExactly(1f);
      }
    }
  }

  @Test
  void namesTheNearestTensor() throws IOException {
    Path file = folder.resolve("x");
    SafetensorsWriter.write(file, Map.of("layer.weight", manager.ones(new Shape(1))), Map.of());
    try (SafetensorsFile read = SafetensorsFile.open(file)) {
      assertThatThrownBy(() -> read.read(manager, "layer.wieght"))
          .isInstanceOf(WeightsException.class)
          .hasMessageContaining("did you mean 'layer.weight'?");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}|has 8 bytes",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}|lie outside",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}|lie outside",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}|has the number -4",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}|lie outside",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,4]}}|more than 2 numbers",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}|has the number -1",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}|VALUE_NUMBER_FLOAT",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,4]}}"
            + "|beyond all sizes",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,4]}}"
            + "|has the number 99999999999999999999",
        "{\"x\":{\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]}}|unknown dtype 'F33'",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1]}}|not all given",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"y\":1}}|unknown field",
        "{\"x\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
            + "\"y\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}}|overlaps 'x'",
        "{\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
            + "\"y\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}}|a gap after 'x'",
        "{\"x\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}|2 bytes after its tensors",
        "{\"x\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
            + "\"x\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}|Duplicate field 'x'",
        "{\"x\":3}|should be START_OBJECT",
        "[]|does not begin with a brace",
        "{\"__metadata__\":{\"a\":1}}|metadata 'a'",
        "{} {}|goes on after",
        "{\"x\"|no valid JSON",
        "``|does not begin with a brace",
      })
  void refusesAHostileHeader(String json, String message) throws IOException {
    Path file = write(json, 0, 0, 0, 0);
    assertThatThrownBy(() -> SafetensorsFile.open(file))
        .isInstanceOf(WeightsException.class)
        .hasMessageStartingWith(file + " is no valid safetensors file: ")
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @ValueSource(longs = {5, 100_000_001, Long.MAX_VALUE, -1, Long.MIN_VALUE})
  void refusesAHeaderLengthBeyondTheFile(long announced) throws IOException {
    Path file = folder.resolve("x");
    ByteBuffer bytes = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
    Files.write(
        file, bytes.putLong(announced).put("{}  ".getBytes(StandardCharsets.US_ASCII)).array());
    assertThatThrownBy(() -> SafetensorsFile.open(file))
        .isInstanceOf(WeightsException.class)
        .hasMessageContaining("announces a header");
  }

  @Test
  void refusesEveryTruncation() throws IOException {
    Path whole = folder.resolve("whole");
    SafetensorsWriter.write(
        whole, Map.of("a", manager.arange(3f), "b", manager.ones(new Shape(2))), Map.of());
    byte[] bytes = Files.readAllBytes(whole);
    Path cut = folder.resolve("cut");
    for (int length = 0; length < bytes.length; length++) {
      Files.write(cut, java.util.Arrays.copyOf(bytes, length));
      assertThatThrownBy(() -> SafetensorsFile.open(cut)).isInstanceOf(WeightsException.class);
    }
  }

  /**
   * A damaged file is refused, or it can be read whole; nothing else is thrown, nothing crashes.
   */
  @Test
  void damageIsRefusedOrHarmless() throws IOException {
    Path whole = folder.resolve("whole");
    SafetensorsWriter.write(whole, samples(), Map.of("a", "b"));
    byte[] bytes = Files.readAllBytes(whole);
    int headerEnd = 8 + (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
    Random random = new Random(1);
    Path damaged = folder.resolve("damaged");
    int refused = 0;
    for (int round = 0; round < 1000; round++) {
      byte[] copy = bytes.clone();
      for (int change = 0; change <= random.nextInt(3); change++) {
        int at = random.nextInt(headerEnd);
        copy[at] =
            random.nextBoolean()
                ? (byte) "0123456789,:{}[]\"-".charAt(random.nextInt(18))
                : (byte) random.nextInt(256);
      }
      Files.write(damaged, copy);
      try (SafetensorsFile file = SafetensorsFile.open(damaged);
          NDManager scope = manager.newSubManager()) {
        for (TensorInfo tensor : file.tensors().values()) {
          if (tensor.type().dataType() != null) {
            assertThat(file.read(scope, tensor.name()).getShape()).isEqualTo(tensor.shape());
          }
        }
      } catch (WeightsException e) {
        refused++;
      }
    }
    assertThat(refused).isBetween(300, 999);
  }

  @Test
  void refusesFoldersAndMissingFiles() {
    assertThatThrownBy(() -> SafetensorsFile.open(folder))
        .isInstanceOf(WeightsException.class)
        .hasMessageContaining("is a folder");
    assertThatThrownBy(() -> SafetensorsFile.open(folder.resolve("none")))
        .isInstanceOf(WeightsException.class)
        .hasMessageContaining("is not there");
  }

  private Path write(String json, int... data) throws IOException {
    byte[] header = json.getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes =
        ByteBuffer.allocate(8 + header.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(header.length).put(header);
    for (int b : data) {
      bytes.put((byte) b);
    }
    return Files.write(folder.resolve("hostile.safetensors"), bytes.array());
  }
}
