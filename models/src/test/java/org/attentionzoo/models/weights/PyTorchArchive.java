package org.attentionzoo.models.weights;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Writes archives as torch.save does, and pickles opcode by opcode, well formed or not. */
final class PyTorchArchive {

  private final ByteArrayOutputStream pickle = new ByteArrayOutputStream();
  private final Map<String, byte[]> files = new LinkedHashMap<>();

  PyTorchArchive() {
    bytes(0x80, 2);
  }

  /** With a pickle as it is. */
  static PyTorchArchive of(byte[] pickle) {
    PyTorchArchive archive = new PyTorchArchive();
    archive.pickle.reset();
    return archive.raw(pickle);
  }

  PyTorchArchive bytes(int... values) {
    for (int value : values) {
      pickle.write(value);
    }
    return this;
  }

  PyTorchArchive op(String opcodes) {
    pickle.writeBytes(opcodes.getBytes(StandardCharsets.ISO_8859_1));
    return this;
  }

  PyTorchArchive text(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    op("X").raw(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(utf8.length).array());
    return raw(utf8);
  }

  PyTorchArchive raw(byte[] bytes) {
    pickle.writeBytes(bytes);
    return this;
  }

  PyTorchArchive number(long value) {
    ByteBuffer little = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value);
    return bytes(0x8a, 8).raw(little.array());
  }

  PyTorchArchive tuple(long... values) {
    op("(");
    for (long value : values) {
      number(value);
    }
    return op("t");
  }

  PyTorchArchive global(String module, String name) {
    return op("c" + module + "\n" + name + "\n");
  }

  PyTorchArchive storage(String type, String key, long count) {
    op("(").text("storage").global("torch", type).text(key).text("cuda:0").number(count);
    return op("tQ");
  }

  /** A view, as _rebuild_tensor_v2 makes it. */
  PyTorchArchive tensor(
      String type, String key, long count, long offset, long[] size, long[] stride) {
    global("torch._utils", "_rebuild_tensor_v2").op("(");
    storage(type, key, count).number(offset).tuple(size).tuple(stride);
    return bytes(0x89).global("collections", "OrderedDict").op(")RtR");
  }

  PyTorchArchive floats(String key, float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return file("data/" + key, bytes.array());
  }

  PyTorchArchive file(String name, byte[] content) {
    files.put(name, content);
    return this;
  }

  byte[] zip() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.setMethod(ZipOutputStream.STORED);
      put(zip, "archive/data.pkl", pickle.toByteArray());
      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        put(zip, "archive/" + file.getKey(), file.getValue());
      }
    }
    return bytes.toByteArray();
  }

  byte[] pickle() {
    return pickle.toByteArray();
  }

  /** The format before 1.6; each file is a storage, its values of so many bytes. */
  byte[] legacy(int... valueBytes) {
    PyTorchArchive all = new PyTorchArchive();
    all.bytes(0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19).op(".");
    all.raw(new PyTorchArchive().bytes('M', 0xe9, 3).op(".").pickle());
    PyTorchArchive system = new PyTorchArchive().op("}(").text("protocol_version");
    system.bytes('M', 0xe9, 3).text("little_endian").bytes(0x88).text("type_sizes").op("}");
    all.raw(system.op("u.").pickle()).raw(pickle());
    PyTorchArchive keys = new PyTorchArchive().op("](");
    files.keySet().forEach(name -> keys.text(name.substring("data/".length())));
    all.raw(keys.op("e.").pickle());
    int i = 0;
    for (byte[] content : files.values()) {
      ByteBuffer count = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
      all.raw(count.putLong(0, content.length / valueBytes[i++]).array()).raw(content);
    }
    return all.pickle();
  }

  Path write(Path file) throws IOException {
    return Files.write(file, zip());
  }

  private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
    ZipEntry entry = new ZipEntry(name);
    entry.setSize(content.length);
    CRC32 crc = new CRC32();
    crc.update(content);
    entry.setCrc(crc.getValue());
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }
}
