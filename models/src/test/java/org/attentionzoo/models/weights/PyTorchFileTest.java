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
import java.util.Arrays;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PyTorchFileTest {

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

  private Path file() {
    return folder.resolve("weights.pth");
  }

  /** {"w": 2 x 3 of [1, ..., 6]}. */
  private static PyTorchArchive single() {
    return new PyTorchArchive()
        .global("collections", "OrderedDict")
        .op(")R(")
        .text("w")
        .tensor("FloatStorage", "0", 6, 0, new long[] {2, 3}, new long[] {3, 1})
        .op("u.")
        .floats("0", 1, 2, 3, 4, 5, 6);
  }

  private void refuses(PyTorchArchive archive, String... parts) throws IOException {
    refuses(archive.zip(), parts);
  }

  private void refuses(byte[] bytes, String... parts) throws IOException {
    Files.write(file(), bytes);
    ThrowingCallable opening = () -> PyTorchFile.open(file()).close();
    for (String part : parts) {
      assertThatThrownBy(opening)
          .isInstanceOf(WeightsException.class)
          .hasMessageContaining(file().toString())
          .hasMessageContaining(part);
    }
  }

  @Test
  void readsATensor() throws IOException {
    try (PyTorchFile read = PyTorchFile.open(single().write(file()))) {
      assertThat(read.tensors()).containsOnlyKeys("w");
      assertThat(read.place()).isEmpty();
      assertThat(read.others()).isEmpty();
      NDArray w = read.read(manager, "w");
      assertThat(w.getShape()).isEqualTo(new Shape(2, 3));
      assertThat(w.toFloatArray()).containsExactly(1, 2, 3, 4, 5, 6);
      assertThatThrownBy(() -> read.read(manager, "v"))
          .isInstanceOf(WeightsException.class)
          .hasMessageContaining("no tensor 'v'");
    }
  }

  @Test
  void honoursStridesAndOffsets() throws IOException {
    PyTorchArchive archive = new PyTorchArchive().op("}(");
    archive
        .text("transposed")
        .tensor("FloatStorage", "0", 6, 0, new long[] {3, 2}, new long[] {1, 3});
    archive.text("column").tensor("FloatStorage", "0", 6, 1, new long[] {2}, new long[] {3});
    archive.text("tail").tensor("FloatStorage", "0", 6, 4, new long[] {2}, new long[] {1});
    archive.text("scalar").tensor("FloatStorage", "0", 6, 5, new long[0], new long[0]);
    archive.text("empty").tensor("FloatStorage", "0", 6, 6, new long[] {0, 4}, new long[] {4, 1});
    archive.text("one").tensor("FloatStorage", "0", 6, 2, new long[] {1, 2}, new long[] {99, 1});
    archive.op("u.").floats("0", 1, 2, 3, 4, 5, 6);
    try (PyTorchFile read = PyTorchFile.open(archive.write(file()))) {
      assertThat(read.read(manager, "transposed").toFloatArray()).containsExactly(1, 4, 2, 5, 3, 6);
      assertThat(read.read(manager, "transposed").getShape()).isEqualTo(new Shape(3, 2));
      assertThat(read.read(manager, "column").toFloatArray()).containsExactly(2, 5);
      assertThat(read.read(manager, "tail").toFloatArray()).containsExactly(5, 6);
      assertThat(read.read(manager, "scalar").getShape()).isEqualTo(new Shape());
      assertThat(read.read(manager, "scalar").getFloat()).isEqualTo(6);
      assertThat(read.read(manager, "empty").getShape()).isEqualTo(new Shape(0, 4));
      assertThat(read.read(manager, "one").toFloatArray()).containsExactly(3, 4);
    }
  }

  @Test
  void readsEveryTypeOfStorage() throws IOException {
    List<String> types =
        List.of(
            "Double", "Float", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool");
    int[] sizes = {8, 4, 2, 2, 8, 4, 2, 1, 1, 1};
    PyTorchArchive archive = new PyTorchArchive().op("}(");
    for (int i = 0; i < sizes.length; i++) {
      archive
          .text(types.get(i))
          .tensor(types.get(i) + "Storage", "" + i, 2, 0, new long[] {2}, new long[] {1});
      ByteBuffer values = ByteBuffer.allocate(2 * sizes[i]).order(ByteOrder.LITTLE_ENDIAN);
      switch (types.get(i)) {
        case "Double" -> values.putDouble(0, -2.5);
        case "Float" -> values.putFloat(0, -2.5f);
        case "Half" -> values.putShort(0, (short) 0xC100);
        case "BFloat16" -> values.putShort(0, (short) 0xC020);
        case "Bool" -> values.put(0, (byte) 1);
        default -> values.put(0, (byte) 7);
      }
      archive.file("data/" + i, values.array());
    }
    try (PyTorchFile read = PyTorchFile.open(archive.op("u.").write(file()))) {
      for (String type : types) {
        NDArray value = read.read(manager, type).toType(DataType.FLOAT64, true);
        double expected =
            switch (type) {
              case "Double", "Float", "Half", "BFloat16" -> -2.5;
              case "Bool" -> 1;
              default -> 7;
            };
        assertThat(value.toDoubleArray()).as(type).containsExactly(expected, 0);
      }
    }
  }

  @Test
  void readsParametersAndMetadataAndRememberedObjects() throws IOException {
    PyTorchArchive archive =
        new PyTorchArchive().global("collections", "OrderedDict").op(")R(").text("w");
    archive.global("torch._utils", "_rebuild_parameter").op("(");
    archive
        .tensor("FloatStorage", "0", 2, 0, new long[] {2}, new long[] {1})
        .bytes('q', 9, 0x88)
        .global("collections", "OrderedDict")
        .op(")RtR")
        .text("tied")
        .bytes('h', 9)
        .op("u}")
        .text("_metadata")
        .op("}sb.")
        .floats("0", 1, 2);
    try (PyTorchFile read = PyTorchFile.open(archive.write(file()))) {
      assertThat(read.tensors()).containsOnlyKeys("w", "tied");
      assertThat(read.read(manager, "tied").toFloatArray()).containsExactly(1, 2);
    }
  }

  private static PyTorchArchive nested(String... places) {
    PyTorchArchive archive = new PyTorchArchive().op("}(").text("epoch").number(3);
    for (String place : places) {
      archive
          .text(place)
          .op("}(")
          .text("module.w")
          .tensor("FloatStorage", "0", 1, 0, new long[] {1}, new long[] {1})
          .op("u");
    }
    return archive.op("u.").floats("0", 5);
  }

  @ParameterizedTest
  @CsvSource({"state_dict", "model", "anything"})
  void findsAStateDictAmongOthers(String place) throws IOException {
    try (PyTorchFile read = PyTorchFile.open(nested(place).write(file()))) {
      assertThat(read.place()).isEqualTo(place);
      assertThat(read.wrapping()).isEqualTo("module.");
      assertThat(read.tensors()).containsOnlyKeys("w");
      assertThat(read.read(manager, "w").toFloatArray()).containsExactly(5);
      assertThat(read.origin()).contains(place, "module.");
    }
  }

  @Test
  void prefersTheUsualPlaceAndReportsTheOthers() throws IOException {
    nested("ema", "model").write(file());
    try (PyTorchFile read = PyTorchFile.open(file())) {
      assertThat(read.place()).isEqualTo("model");
      assertThat(read.others()).containsExactly("ema");
    }
    try (PyTorchFile read = PyTorchFile.openAt(file(), "ema")) {
      assertThat(read.place()).isEqualTo("ema");
    }
    assertThatThrownBy(() -> PyTorchFile.openAt(file(), "modle"))
        .hasMessageContaining("did you mean 'model'");
    refuses(nested("a", "b"), "say which (there are: 'a', 'b')");
  }

  @Test
  void keepsAPrefixThatNotAllKeysHave() throws IOException {
    PyTorchArchive archive = new PyTorchArchive().op("}(");
    for (String key : List.of("module.w", "v")) {
      archive.text(key).tensor("FloatStorage", "0", 1, 0, new long[] {1}, new long[] {1});
    }
    archive.text("steps").number(3).op("u.").floats("0", 5);
    try (PyTorchFile read = PyTorchFile.open(archive.write(file()))) {
      assertThat(read.tensors()).containsOnlyKeys("module.w", "v");
      assertThat(read.others()).containsExactly("steps");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "os,system",
    "posix,system",
    "builtins,eval",
    "builtins,exec",
    "__builtin__,getattr",
    "torch,load",
    "torch.nn.modules.linear,Linear",
    "no.such.module,Missing",
    "collections,deque",
    "numpy.core.multiarray,_reconstruct",
    "torch._utils,_rebuild_sparse_tensor",
    "argparse,Namespace"
  })
  void refusesEveryOtherNameCalledOrNot(String module, String name) throws IOException {
    String full = module + "." + name;
    refuses(new PyTorchArchive().global(module, name).op("0}."), full);
    refuses(
        new PyTorchArchive().global(module, name).text("touch /tmp/owned").bytes(0x85).op("R."),
        full);
    refuses(new PyTorchArchive().text(module).text(name).bytes(0x93).op("."), full);
    // In a state dict that is otherwise whole.
    refuses(new PyTorchArchive().op("}(").text("w").global(module, name).op(")Ru."), full);
  }

  @Test
  void refusesOpcodesThatStateDictsDoNotNeed() throws IOException {
    for (char code : "oP".toCharArray()) {
      refuses(new PyTorchArchive().op("(" + code + "os\nsystem\n."), "opcode 0x");
    }
    refuses(new PyTorchArchive().op("(icollections\nOrderedDict\n."), "opcode 0x69");
    refuses(new PyTorchArchive().op("(ios\nsystem\n."), "'os.system'");
    for (int code : new int[] {0x81, 0x92, 0x82, 0x83, 0x84, 0x97, 0xff, 0}) {
      refuses(new PyTorchArchive().op("}").bytes(code).op("."), "opcode 0x");
    }
  }

  @Test
  void refusesLengthsBeyondThePickle() throws IOException {
    byte[] huge = {-1, -1, -1, 127};
    byte[] huger = {-1, -1, -1, -1, -1, -1, -1, 127};
    byte[] negative = {-1, -1, -1, -1, -1, -1, -1, -1};
    refuses(new PyTorchArchive().op("X").raw(huge).op("."), "announces 2147483647 bytes");
    refuses(new PyTorchArchive().op("T").raw(new byte[] {-1, -1, -1, -1}), "announces -1 bytes");
    refuses(new PyTorchArchive().op("B").raw(huge).op("."), "announces");
    refuses(new PyTorchArchive().bytes(0x8d).raw(huger).op("."), "announces");
    refuses(new PyTorchArchive().bytes(0x8e).raw(negative).op("."), "announces -1");
    refuses(new PyTorchArchive().bytes(0x8b).raw(huge).op("."), "a number of 2147483647 bytes");
    refuses(new PyTorchArchive().bytes(0x8b).raw(new byte[] {0, 0, 0, -1}), "a number of");
    refuses(new PyTorchArchive().bytes(0x95).raw(huger).op("."), "a frame of");
    refuses(new PyTorchArchive().op("c" + "x".repeat(5000)), "a line of more than");
  }

  @ParameterizedTest
  @CsvSource({
    "., takes an object that is not there",
    "0., takes an object that is not there",
    "t., a mark that is not there",
    "(0., takes an object that is not there",
    "R., takes an object that is not there",
    ")).,  leaves objects behind",
    "}(.,  takes an object that is not there",
    "))R., calls what is no function",
    ")Q., a reference to what is no storage",
    "h\u0001., did not remember",
    "))s., takes an object that is not there",
    ")))s., sets items of what is no dict",
    "}})s., neither a string nor a number",
    "))a., appends to what is no list",
    "))b., sets the state of what is no dict",
    "N., holds no dict of tensors",
    "}., an empty dict",
    "])a., holds no dict of tensors",
    "}, cut off"
  })
  void refusesNonsense(String opcodes, String message) throws IOException {
    refuses(new PyTorchArchive().op(opcodes), message);
  }

  @Test
  void refusesTensorsOfWhatIsNone() throws IOException {
    PyTorchArchive archive = new PyTorchArchive();
    refuses(archive.global("torch._utils", "_rebuild_tensor_v2").op(")R."), "what is no storage");
    refuses(
        new PyTorchArchive().global("torch._utils", "_rebuild_parameter").op("})" + "0\u0085R."),
        "what is no tensor");
  }

  @Test
  void endsOnContainersThatContainThemselves() throws IOException {
    refuses(
        new PyTorchArchive().op("}").bytes('q', 0).text("self").bytes('h', 0).op("s."),
        "holds no dict of tensors");
    refuses(
        new PyTorchArchive().op("]").bytes('q', 0, 'h', 0).op("a."), "holds no dict of tensors");
  }

  @Test
  void endsOnContainersThatMultiply() throws IOException {
    // Six levels of 3000 references each to the next: 7e20 paths.
    PyTorchArchive archive = new PyTorchArchive().op("}").bytes('q', 0).op("0");
    for (int level = 1; level <= 6; level++) {
      archive.op("}(");
      for (int i = 0; i < 3000; i++) {
        archive.text("k" + i).bytes('h', level - 1);
      }
      archive.op("u").bytes('q', level);
      if (level < 6) {
        archive.op("0");
      }
    }
    refuses(archive.op("."), "holds no dict of tensors");
  }

  @Test
  void endsOnDeepNesting() throws IOException {
    refuses(
        new PyTorchArchive().op("]".repeat(200_000)).op("a".repeat(199_999)).op("."),
        "holds no dict of tensors");
    refuses(
        new PyTorchArchive().op("(".repeat(200_000)).op("t".repeat(200_000)).op("."),
        "holds no dict of tensors");
  }

  private static PyTorchArchive view(long count, long offset, long[] size, long[] stride) {
    return new PyTorchArchive()
        .op("}")
        .text("w")
        .tensor("FloatStorage", "0", count, offset, size, stride)
        .op("s.")
        .floats("0", 1, 2, 3, 4, 5, 6);
  }

  @Test
  void checksSizesAgainstTheFileBeforeReading() throws IOException {
    long big = 1L << 40;
    refuses(view(7, 0, new long[] {6}, new long[] {1}), "should hold 7 values of F32, but has 24");
    refuses(view(-6, 0, new long[] {6}, new long[] {1}), "what is no storage");
    refuses(view(Long.MAX_VALUE, 0, new long[] {6}, new long[] {1}), "should hold");
    refuses(view((1L << 62) + 6, 0, new long[] {6}, new long[] {1}), "should hold");
    refuses(view(6, 1, new long[] {6}, new long[] {1}), "reaches beyond its 6 values");
    refuses(view(6, -1, new long[] {2}, new long[] {1}), "reaches beyond");
    refuses(view(6, Long.MAX_VALUE, new long[] {2}, new long[] {1}), "reaches beyond");
    refuses(view(6, 0, new long[] {2, 3}, new long[] {4, 1}), "reaches beyond");
    refuses(view(6, 0, new long[] {big}, new long[] {1}), "reaches beyond");
    refuses(view(6, 0, new long[] {big, big}, new long[] {1, 1}), "beyond all sizes");
    refuses(view(6, 0, new long[] {2}, new long[] {Long.MAX_VALUE}), "beyond all sizes");
    refuses(view(6, 0, new long[] {big}, new long[] {0}), "repeats values");
    refuses(view(6, 0, new long[] {-1}, new long[] {1}), "has the size -1");
    refuses(view(6, 5, new long[] {2}, new long[] {-1}), "stride -1");
    refuses(view(6, 0, new long[] {2}, new long[] {1, 1}), "1 sizes and 2 strides");
    refuses(view(6, 0, new long[65], new long[65]), "65 sizes");
    PyTorchArchive elsewhere =
        new PyTorchArchive()
            .op("}")
            .text("w")
            .tensor("FloatStorage", "../../etc/passwd", 1, 0, new long[] {1}, new long[] {1})
            .op("s.");
    refuses(elsewhere, "'data/../../etc/passwd' are not there");
  }

  @Test
  void refusesEveryTruncation() throws IOException {
    byte[] whole = single().zip();
    for (int length = 0; length < whole.length; length++) {
      refuses(Arrays.copyOf(whole, length), "cannot be used");
    }
  }

  /** Flips each byte: the file is refused, or what it says still lies within it. */
  @Test
  void survivesEveryChangedByte() throws IOException {
    byte[] whole = single().zip();
    int refused = 0;
    for (int i = 0; i < whole.length; i++) {
      for (int change : new int[] {0xFF, 0x80, 1}) {
        byte[] changed = whole.clone();
        changed[i] ^= (byte) change;
        Files.write(file(), changed);
        try (PyTorchFile read = PyTorchFile.open(file())) {
          for (String name : read.tensors().keySet()) {
            read.read(manager, name).close();
          }
        } catch (WeightsException e) {
          refused++;
        }
      }
    }
    assertThat(refused).isGreaterThan(whole.length);
  }

  @Test
  void refusesWhatIsNoArchiveOfTensors() throws IOException {
    assertThatThrownBy(() -> PyTorchFile.open(folder)).hasMessageContaining("is a folder");
    assertThatThrownBy(() -> PyTorchFile.open(file())).hasMessageContaining("is not there");
    refuses(
        "not a zip, but long enough to be one".getBytes(StandardCharsets.UTF_8), "neither a zip");
    refuses(new byte[] {(byte) 0x80, 2, '}', '.'}, "magic number is missing");
    refuses(single().file("constants.pkl", new byte[] {1}), "TorchScript");
    refuses(single().file("byteorder", "big".getBytes(StandardCharsets.UTF_8)), "'big'");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file()))) {
      zip.putNextEntry(new ZipEntry("archive/data.pkl"));
      zip.write(new byte[100]);
      zip.closeEntry();
    }
    assertThatThrownBy(() -> PyTorchFile.open(file())).hasMessageContaining("is compressed");
  }

  private PyTorchArchive tied() {
    return new PyTorchArchive()
        .op("}(")
        .text("a")
        .tensor("FloatStorage", "0", 6, 0, new long[] {2, 3}, new long[] {3, 1})
        .text("b")
        .tensor("FloatStorage", "0", 6, 0, new long[] {3, 2}, new long[] {1, 3})
        .text("n")
        .tensor("LongStorage", "1", 1, 0, new long[0], new long[0])
        .op("u.")
        .floats("0", 1, 2, 3, 4, 5, 6)
        .file("data/1", new byte[] {7, 0, 0, 0, 0, 0, 0, 0});
  }

  @Test
  void readsTheFormatBeforeTheZipAsItReadsTheZip() throws IOException {
    for (byte[] bytes : new byte[][] {tied().zip(), tied().legacy(4, 8)}) {
      Files.write(file(), bytes);
      try (PyTorchFile read = PyTorchFile.open(file())) {
        assertThat(read.read(manager, "a").toFloatArray()).containsExactly(1, 2, 3, 4, 5, 6);
        assertThat(read.read(manager, "b").toFloatArray()).containsExactly(1, 4, 2, 5, 3, 6);
        assertThat(read.read(manager, "n").getLong()).isEqualTo(7);
        assertThat(read.notes()).containsExactly("shared storage: a and b");
        var copied = new java.io.ByteArrayOutputStream();
        read.copy("b", java.nio.channels.Channels.newChannel(copied));
        var floats = new float[6];
        java.nio.ByteBuffer.wrap(copied.toByteArray())
            .order(java.nio.ByteOrder.LITTLE_ENDIAN)
            .asFloatBuffer()
            .get(floats);
        assertThat(floats).containsExactly(1, 4, 2, 5, 3, 6);
      }
    }
  }

  @Test
  void refusesDamageInTheFormatBeforeTheZip() throws IOException {
    byte[] whole = tied().legacy(4, 8);
    for (int length = 0; length < whole.length; length++) {
      refuses(Arrays.copyOf(whole, length), "cannot be used");
    }
    refuses(Arrays.copyOf(whole, whole.length + 1), "1 bytes after its storages");
    // The count of the last storage.
    for (int high : new int[] {0x7f, 0xff, 1}) {
      byte[] changed = whole.clone();
      changed[whole.length - 9] = (byte) high;
      refuses(changed, "storage '1' announces");
    }
    byte[] fewer = whole.clone();
    fewer[whole.length - 16] = 0;
    refuses(fewer, "should hold 1 values of I64, but has 0");
    for (int i = 0; i < whole.length; i++) {
      byte[] changed = whole.clone();
      changed[i] ^= (byte) 0xFF;
      Files.write(file(), changed);
      try (PyTorchFile read = PyTorchFile.open(file())) {
        read.tensors().keySet().forEach(name -> read.read(manager, name).close());
      } catch (WeightsException e) {
        assertThat(e).hasMessageContaining("cannot be used");
      }
    }
  }

  @Test
  void refusesBarePicklesByWhatTheyAskFor() throws IOException {
    refuses(
        new PyTorchArchive().global("os", "system").text("x").op("\u0085R.").pickle(),
        "'os.system'");
    refuses("cbuiltins\neval\n(S'1'\ntR.".getBytes(StandardCharsets.UTF_8), "'builtins.eval'");
    refuses(
        "(dp0\nS'w'\np1\nI1\ns(lp2\nL5L\naF2.5\nacposix\nsystem\n."
            .getBytes(StandardCharsets.UTF_8),
        "'posix.system'");
    PyTorchArchive modern = new PyTorchArchive().text("torch").text("load").bytes(0x93).op(")R.");
    refuses(modern.pickle(), "'torch.load'");
    byte[] tar = new byte[1024];
    System.arraycopy("ustar".getBytes(StandardCharsets.US_ASCII), 0, tar, 257, 5);
    tar[0] = 's';
    refuses(tar, "it is a tar archive");
  }

  @Test
  void readsTensorsOfUntypedStoragesAndParametersWithState() throws IOException {
    PyTorchArchive archive = new PyTorchArchive().op("}(").text("w");
    archive.global("torch._utils", "_rebuild_tensor_v3").op("((").text("storage");
    archive.global("torch.storage", "UntypedStorage").text("0").text("cpu").number(8).op("tQ");
    archive.number(1).tuple(3).tuple(1).bytes(0x89).global("collections", "OrderedDict").op(")R");
    archive.global("torch", "uint16").op("tR").text("p");
    archive.global("torch._utils", "_rebuild_parameter_with_state").op("(");
    archive.tensor("FloatStorage", "1", 1, 0, new long[] {1}, new long[] {1});
    archive
        .bytes(0x88)
        .op("}}tR")
        .text("size")
        .global("torch", "Size")
        .op("(")
        .tuple(1, 2)
        .op("tRu.");
    archive.file("data/0", new byte[] {1, 0, 2, 0, 3, 0, -1, -1}).floats("1", 5);
    Files.write(file(), archive.zip());
    try (PyTorchFile read = PyTorchFile.open(file())) {
      assertThat(read.tensors().get("w").type()).isEqualTo(TensorType.U16);
      assertThat(read.read(manager, "w").toIntArray()).containsExactly(2, 3, 65535);
      assertThat(read.read(manager, "p").toFloatArray()).containsExactly(5);
      assertThat(read.others()).containsExactly("size");
    }
  }

  @Test
  void takesTheUsualPlaceBesideLooseTensors() throws IOException {
    PyTorchArchive archive = new PyTorchArchive().op("}(").text("step");
    archive.tensor("FloatStorage", "0", 1, 0, new long[0], new long[0]).text("model").op("}(");
    archive.text("_orig_mod.module.w");
    archive.tensor("FloatStorage", "1", 1, 0, new long[] {1}, new long[] {1}).op("uu.");
    Files.write(file(), archive.floats("0", 1).floats("1", 2).zip());
    try (PyTorchFile read = PyTorchFile.open(file())) {
      assertThat(read.place()).isEqualTo("model");
      assertThat(read.wrapping()).isEqualTo("_orig_mod.module.");
      assertThat(read.tensors()).containsOnlyKeys("w");
      assertThat(read.notes()).contains("not read: other tensors of the file's own dict");
    }
  }

  @Test
  void refusesMoreObjectsThanADescriptionNeeds() throws IOException {
    refuses(new PyTorchArchive().op("}0".repeat(3_000_000)).op("}."), "makes more objects");
    PyTorchArchive memo = new PyTorchArchive().op("}").op("\u0094".repeat(3_000_000));
    refuses(memo.op("."), "makes more objects");
  }

  @Test
  void refusesADamagedPickle() throws IOException {
    byte[] whole = single().zip();
    int at = new String(whole, StandardCharsets.ISO_8859_1).indexOf("OrderedDict");
    whole[at] ^= 1;
    refuses(whole, "checksum");
  }
}
