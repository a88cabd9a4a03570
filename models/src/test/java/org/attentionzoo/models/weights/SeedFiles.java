package org.attentionzoo.models.weights;

import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.AtomicFile;

/** Small files of weights, whole ones and hostile ones, from which others are mutated. */
final class SeedFiles {

  private SeedFiles() {}

  static List<byte[]> safetensors() throws IOException {
    List<SafetensorsWriter.Entry> entries = new ArrayList<>();
    for (TensorType type : TensorType.values()) {
      byte[] values = new byte[2 * type.bytes()];
      entries.add(
          new SafetensorsWriter.Entry(
              "x." + type,
              type,
              new Shape(1, 2),
              channel -> AtomicFile.writeFully(channel, values)));
    }
    Path file = Files.createTempFile("seed", ".safetensors");
    List<byte[]> seeds = new ArrayList<>();
    for (List<SafetensorsWriter.Entry> some :
        List.of(entries, entries.subList(0, 1), entries.subList(6, 9), entries.subList(0, 0))) {
      SafetensorsWriter.write(file, some, Map.of("format", "pt"));
      seeds.add(Files.readAllBytes(file));
    }
    Files.delete(file);
    return seeds;
  }

  /** Pickles whose tensors lie in storages of 24 bytes, {@code 0} and {@code 1}. */
  static List<byte[]> pickles() {
    PyTorchArchive whole = new PyTorchArchive().op("}(").text("epoch").op("K\u0005");
    whole.text("state_dict").global("collections", "OrderedDict").op(")R").bytes('q', 1).op("(");
    whole.text("module.a");
    whole.tensor("FloatStorage", "0", 6, 0, new long[] {2, 3}, new long[] {3, 1});
    whole.text("module.b").global("torch._utils", "_rebuild_parameter").op("(");
    whole.tensor("LongStorage", "1", 3, 1, new long[] {2}, new long[] {1});
    whole.bytes(0x88).op("NtRu").op("}").text("_metadata").op("}sbu.");
    PyTorchArchive turned = new PyTorchArchive().op("}").text("t");
    turned.tensor("FloatStorage", "0", 6, 0, new long[] {3, 2}, new long[] {1, 3}).op("s.");
    PyTorchArchive untyped = new PyTorchArchive().op("}(").text("w");
    untyped.global("torch._utils", "_rebuild_tensor_v3").op("((").text("storage");
    untyped.global("torch.storage", "UntypedStorage").text("0").text("cpu").number(24).op("tQ");
    untyped.number(1).tuple(3).tuple(1).bytes(0x89).global("collections", "OrderedDict").op(")R");
    untyped.global("torch", "uint16").op("tRu.");
    PyTorchArchive modern = new PyTorchArchive().bytes(0x95, 20, 0, 0, 0, 0, 0, 0, 0);
    modern.op("]").bytes(0x94).op("(").bytes(0x8c, 1, 'k', 0x94, 0x8f, 0x94).op("(");
    modern.bytes('K', 1, 0x90, 'G', 0, 0, 0, 0, 0, 0, 0, 0, 0x8b, 1, 0, 0, 0, 5).op("e.");
    return List.of(
        whole.pickle(),
        turned.pickle(),
        untyped.pickle(),
        modern.pickle(),
        new PyTorchArchive().global("os", "system").text("true").op("\u0085R.").pickle(),
        new PyTorchArchive().op("}").bytes('q', 0, 'h', 0).op("s.").pickle(),
        new PyTorchArchive().op("]".repeat(300)).op("a".repeat(299)).op(".").pickle(),
        "(dp0\nS'w'\np1\nI1\nsV2\nL5L\nF2.5\ng1\n.".getBytes(StandardCharsets.US_ASCII));
  }

  static byte[] archive(byte[] pickle) {
    PyTorchArchive archive = PyTorchArchive.of(pickle);
    archive.file("data/0", new byte[24]).file("data/1", new byte[24]);
    try {
      return archive.zip();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The format before 1.6. */
  static List<byte[]> legacy() {
    List<byte[]> seeds = new ArrayList<>();
    for (byte[] pickle : pickles()) {
      PyTorchArchive archive = PyTorchArchive.of(pickle).file("data/0", new byte[24]);
      // The list of storages must be that of the pickle: one, of floats or of bytes; or two.
      seeds.add(archive.legacy(4));
      seeds.add(archive.legacy(1));
      seeds.add(archive.file("data/1", new byte[24]).legacy(4, 8));
    }
    return seeds;
  }

  static List<byte[]> archives() {
    return pickles().stream().map(SeedFiles::archive).toList();
  }
}
