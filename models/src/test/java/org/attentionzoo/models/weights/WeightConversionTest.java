package org.attentionzoo.models.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.attentionzoo.blocks.AtomicFile;
import org.attentionzoo.blocks.UserException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Round trips in every type with bytes of any value, so with every kind of NaN. */
class WeightConversionTest {

  @TempDir Path folder;

  private static final Map<TensorType, String> STORAGES =
      Map.of(
          TensorType.F64, "DoubleStorage",
          TensorType.F32, "FloatStorage",
          TensorType.F16, "HalfStorage",
          TensorType.BF16, "BFloat16Storage",
          TensorType.I64, "LongStorage",
          TensorType.I32, "IntStorage",
          TensorType.I16, "ShortStorage",
          TensorType.I8, "CharStorage",
          TensorType.U8, "ByteStorage",
          TensorType.BOOL, "BoolStorage");

  private static byte[] bytes(TensorType type, int count) {
    byte[] bytes = new byte[type.bytes() * count];
    new Random(type.ordinal()).nextBytes(bytes);
    return bytes;
  }

  private static byte[] content(StoredWeights weights, String name) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    weights.copy(name, Channels.newChannel(out));
    return out.toByteArray();
  }

  private static WeightConversion plain() {
    return new WeightConversion(null, "", 0, false);
  }

  private Path everyType() throws IOException {
    List<SafetensorsWriter.Entry> entries = new ArrayList<>();
    for (TensorType type : TensorType.values()) {
      entries.add(
          new SafetensorsWriter.Entry(
              "x." + type,
              type,
              new Shape(3, 7),
              channel -> AtomicFile.writeFully(channel, bytes(type, 21))));
      entries.add(
          new SafetensorsWriter.Entry(
              "s." + type,
              type,
              new Shape(),
              channel -> AtomicFile.writeFully(channel, bytes(type, 1))));
      entries.add(new SafetensorsWriter.Entry("e." + type, type, new Shape(2, 0), channel -> {}));
    }
    Path file = folder.resolve("every.safetensors");
    SafetensorsWriter.write(file, entries, Map.of("format", "pt", "a", "b"));
    return file;
  }

  @Test
  void keepsEveryBitOfEveryTypeFromSafetensorsToSafetensors() throws IOException {
    Path file = everyType();
    Path copy = folder.resolve("copy.safetensors");
    Path shards = folder.resolve("shards");
    try (StoredWeights weights = WeightFiles.open(file)) {
      plain().convert(weights, copy, tensor -> {});
      WeightConversion sharded = new WeightConversion(null, "", 300, false);
      assertThat(sharded.convert(weights, shards, tensor -> {})).hasSizeGreaterThan(4);
      assertThatThrownBy(() -> sharded.convert(weights, shards, tensor -> {}))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("exists already");
    }
    assertThat(Files.mismatch(file, copy)).isEqualTo(-1);
    Path joined = folder.resolve("joined.safetensors");
    try (StoredWeights weights = WeightFiles.open(shards)) {
      plain().convert(weights, joined, tensor -> {});
      for (TensorType type : TensorType.values()) {
        assertThat(content(weights, "x." + type)).isEqualTo(bytes(type, 21));
      }
    }
    assertThat(Files.mismatch(file, joined)).isEqualTo(-1);
  }

  @Test
  void keepsEveryBitOfEveryTypeFromPyTorch() throws IOException {
    PyTorchArchive archive = new PyTorchArchive().op("}(");
    int[] sizes = new int[STORAGES.size()];
    int i = 0;
    for (Map.Entry<TensorType, String> storage : STORAGES.entrySet()) {
      archive.text(storage.getKey().name());
      archive.tensor(storage.getValue(), "" + i, 12, 0, new long[] {3, 4}, new long[] {4, 1});
      archive.text(storage.getKey().name() + ".turned");
      archive.tensor(storage.getValue(), "" + i, 12, 1, new long[] {3, 2}, new long[] {1, 4});
      archive.file("data/" + i, bytes(storage.getKey(), 12));
      sizes[i++] = storage.getKey().bytes();
    }
    archive.op("u.");
    for (byte[] format : new byte[][] {archive.zip(), archive.legacy(sizes)}) {
      Path file = Files.write(folder.resolve("x.pt"), format);
      Path converted = folder.resolve("x.safetensors");
      try (StoredWeights weights = WeightFiles.open(file)) {
        new WeightConversion(null, "", 0, true).convert(weights, converted, tensor -> {});
      }
      try (StoredWeights weights = WeightFiles.open(converted)) {
        for (TensorType type : STORAGES.keySet()) {
          byte[] expected = bytes(type, 12);
          assertThat(weights.tensors().get(type.name()).type()).isEqualTo(type);
          assertThat(content(weights, type.name())).isEqualTo(expected);
          byte[] turned = content(weights, type + ".turned");
          int[] order = {1, 5, 2, 6, 3, 7};
          for (int k = 0; k < order.length; k++) {
            for (int b = 0; b < type.bytes(); b++) {
              assertThat(turned[k * type.bytes() + b])
                  .isEqualTo(expected[order[k] * type.bytes() + b]);
            }
          }
        }
      }
    }
  }

  @Test
  void readsIntoTheEngineAndBackWithEveryBit() throws IOException {
    Path file = everyType();
    try (NDManager manager = NDManager.newBaseManager();
        StoredWeights weights = WeightFiles.open(file)) {
      for (TensorType type :
          List.of(
              TensorType.F64,
              TensorType.F32,
              TensorType.F16,
              TensorType.I64,
              TensorType.I32,
              TensorType.I16,
              TensorType.I8,
              TensorType.U8)) {
        Path back = folder.resolve("back");
        SafetensorsWriter.write(
            back,
            List.of(SafetensorsWriter.entry("x", weights.read(manager, "x." + type), type)),
            Map.of());
        try (StoredWeights again = SafetensorsFile.open(back)) {
          assertThat(content(again, "x")).as(type.name()).isEqualTo(bytes(type, 21));
        }
      }
    }
  }

  @Test
  void roundsFloatingPointAloneAndTakesPrefixesOff() throws IOException {
    Path file = folder.resolve("x");
    try (NDManager manager = NDManager.newBaseManager()) {
      Map<String, ai.djl.ndarray.NDArray> tensors = new LinkedHashMap<>();
      tensors.put("model.w", manager.create(new float[] {1, 3.1415927f, 1e30f}));
      tensors.put("model.n", manager.create(new long[] {1L << 40}));
      SafetensorsWriter.write(file, tensors, Map.of());
      Path out = folder.resolve("out");
      try (StoredWeights weights = WeightFiles.open(file)) {
        new WeightConversion(TensorType.BF16, "model.", 0, false)
            .convert(weights, out, tensor -> {});
        assertThatThrownBy(
                () ->
                    new WeightConversion(null, "modle.", 0, true)
                        .convert(weights, out, tensor -> {}))
            .hasMessageContaining("no name in");
      }
      try (SafetensorsFile weights = SafetensorsFile.open(out)) {
        assertThat(weights.tensors().get("w").type()).isEqualTo(TensorType.BF16);
        assertThat(weights.read(manager, "w").toFloatArray()).startsWith(1f, 3.140625f);
        assertThat(weights.read(manager, "n").toLongArray()).containsExactly(1L << 40);
        assertThat(weights.metadata()).isEqualTo(Map.of("format", "pt"));
      }
    }
    assertThatThrownBy(() -> new WeightConversion(TensorType.I8, "", 0, false))
        .isInstanceOf(UserException.class);
  }

  @Test
  void findsWhatLooksWrong() throws IOException {
    Path file = folder.resolve("x");
    try (NDManager manager = NDManager.newBaseManager()) {
      Map<String, ai.djl.ndarray.NDArray> tensors = new LinkedHashMap<>();
      tensors.put("good", manager.create(new float[] {1, -0f, 2}));
      tensors.put("twin", manager.create(new float[] {1, -0f, 2}));
      tensors.put("zero", manager.create(new float[] {0, -0f}));
      tensors.put("nan", manager.create(new double[] {Double.NaN, Double.NEGATIVE_INFINITY, 1}));
      tensors.put("none", manager.create(new Shape(0, 3)));
      SafetensorsWriter.write(file, tensors, Map.of());
      for (TensorType type : new TensorType[] {null, TensorType.F16, TensorType.BF16}) {
        Path rounded = folder.resolve("rounded" + type);
        try (StoredWeights weights = WeightFiles.open(file)) {
          new WeightConversion(type, "", 0, true).convert(weights, rounded, tensor -> {});
        }
        try (StoredWeights weights = WeightFiles.open(rounded)) {
          WeightInspection found = WeightInspection.of(weights, true, tensor -> {});
          assertThat(found.values()).isEqualTo(11);
          assertThat(found.suspicious())
              .containsExactly(
                  "NaN: nan",
                  "infinite values: nan",
                  "only zeros: zero",
                  "no values: none",
                  "the same values: twin = good");
          WeightInspection.Tensor nan =
              found.tensors().stream()
                  .filter(t -> t.info().name().equals("nan"))
                  .findFirst()
                  .orElseThrow();
          assertThat(nan.nans()).isEqualTo(1);
          assertThat(nan.infinities()).isEqualTo(1);
          assertThat(WeightInspection.of(weights, false, tensor -> {}).suspicious())
              .containsExactly("no values: none");
        }
      }
    }
  }
}
