package org.attentionzoo.models.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.NearestName;
import org.attentionzoo.models.weights.RestrictedUnpickler.Storage;
import org.attentionzoo.models.weights.RestrictedUnpickler.Tensor;

/**
 * A file that {@code torch.save} wrote ({@code .pt}, {@code .pth}, {@code .bin}): a zip archive
 * with a pickle that describes tensors, and their values. The pickle is read by a machine that
 * knows tensors and plain containers and runs no code; a tensor's values are mapped into memory
 * when it is read, so that files of any size can be opened. What archive and pickle say is checked
 * against the file before anything is allocated.
 *
 * <p>The state dict may be the whole file or lie in dicts of it ({@code state_dict}, {@code model},
 * ...); where it was found, and what else there is, {@link #place} and {@link #others} tell. A
 * prefix {@code module.} that all its keys have is taken off.
 *
 * <p>Thread safety: may be read by several threads, each with its own manager.
 */
public final class PyTorchFile implements WeightSource, AutoCloseable {

  private static final long MOST_PICKLE = 256L << 20;
  private static final int MOST_AXES = 64;
  private static final int DEEPEST = 4;
  private static final int MOST_LISTED = 20;
  private static final String WRAPPED = "module.";

  /** Under which names a state dict is kept beside others, the most likely first. */
  private static final List<String> USUAL =
      List.of("state_dict", "model_state_dict", "model", "module", "net", "weights");

  private final Path file;
  private final FileChannel channel;
  private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();
  private final Map<String, Tensor> views = new LinkedHashMap<>();
  private final List<String> others = new ArrayList<>();
  private Map<String, ZipDirectory.Entry> entries;
  private String folder;
  private String place = "";
  private boolean wrapped;

  private PyTorchFile(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Opens a file and finds its state dict.
   *
   * @param file the file
   * @return the open file
   * @throws WeightsException if it cannot be read, is no such file, or holds no state dict or
   *     several
   */
  public static PyTorchFile open(Path file) {
    return open(file, null);
  }

  /**
   * Opens a file whose state dict has a known place.
   *
   * @param file the file
   * @param place the keys of the dicts in which it lies, joined by {@code /}; empty for the whole
   *     file
   * @return the open file
   * @throws WeightsException if it cannot be read, is no such file, or holds no state dict there
   */
  public static PyTorchFile openAt(Path file, String place) {
    return open(file, place);
  }

  private static PyTorchFile open(Path file, String place) {
    if (!Files.isRegularFile(file)) {
      throw new WeightsException(
          file
              + (Files.isDirectory(file)
                  ? " is a folder; give a .pt, .pth or .bin file"
                  : " is not there"));
    }
    FileChannel channel = null;
    try {
      channel = FileChannel.open(file, StandardOpenOption.READ);
      PyTorchFile opened = new PyTorchFile(file, channel);
      opened.load(place);
      channel = null;
      return opened;
    } catch (WeightsException e) {
      throw new WeightsException(file + " cannot be used: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new WeightsException(file + " cannot be read: " + e.getMessage(), e);
    } finally {
      closeQuietly(channel);
    }
  }

  private void load(String wanted) throws IOException {
    refuseOlderFormat();
    entries = ZipDirectory.read(channel);
    List<String> pickles = entries.keySet().stream().filter(PyTorchFile::isPickle).toList();
    if (pickles.size() != 1) {
      throw new WeightsException(
          "it holds " + pickles.size() + " files 'data.pkl' where torch.save writes one");
    }
    folder = pickles.get(0).substring(0, pickles.get(0).length() - "data.pkl".length());
    if (entries.containsKey(folder + "constants.pkl")) {
      throw new WeightsException(
          "it is a TorchScript program, not a state dict; save torch.save(model.state_dict(), path)");
    }
    ZipDirectory.Entry order = entries.get(folder + "byteorder");
    if (order != null && !"little".equals(text(order))) {
      throw new WeightsException("its byte order is '" + text(order) + "'; expected little");
    }
    Object root = RestrictedUnpickler.read(pickle(entries.get(pickles.get(0))));
    Map<String, Map<?, ?>> found = new LinkedHashMap<>();
    find(root, "", 0, found, Collections.newSetFromMap(new IdentityHashMap<>()));
    Map<?, ?> chosen = choose(root, found, wanted);
    found.keySet().stream().filter(p -> !p.equals(place)).forEach(others::add);
    take(chosen);
  }

  private static boolean isPickle(String name) {
    return name.equals("data.pkl")
        || (name.endsWith("/data.pkl") && name.indexOf('/') == name.length() - 9);
  }

  private void refuseOlderFormat() throws IOException {
    ByteBuffer head = ByteBuffer.allocate(2);
    while (head.hasRemaining()) {
      if (channel.read(head, head.position()) < 0) {
        throw new WeightsException("it has only " + head.position() + " bytes");
      }
    }
    if ((head.get(0) & 0xFF) == 0x80) {
      throw new WeightsException(
          "it has the format of PyTorch before 1.6; load it there and save it again with a later"
              + " version");
    }
  }

  private String text(ZipDirectory.Entry entry) throws IOException {
    if (entry.bytes() > 16) {
      throw new WeightsException("its byte order has " + entry.bytes() + " bytes");
    }
    return new String(content(entry), StandardCharsets.UTF_8).strip();
  }

  private byte[] pickle(ZipDirectory.Entry entry) throws IOException {
    if (entry.bytes() > MOST_PICKLE) {
      throw new WeightsException(
          "its pickle has " + entry.bytes() + " bytes; at most " + MOST_PICKLE + " are read");
    }
    byte[] bytes = content(entry);
    CRC32 crc = new CRC32();
    crc.update(bytes);
    if (crc.getValue() != entry.crc()) {
      throw new WeightsException("its pickle is damaged: the checksum differs");
    }
    return bytes;
  }

  private byte[] content(ZipDirectory.Entry entry) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate((int) entry.bytes());
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, entry.offset() + bytes.position()) < 0) {
        throw new WeightsException("it became shorter while it was read");
      }
    }
    return bytes.array();
  }

  /**
   * All dicts that hold tensors under strings; not those inside of them. Each dict is visited once,
   * since dicts that hold one another many times would take forever.
   */
  private static void find(
      Object value, String path, int depth, Map<String, Map<?, ?>> found, Set<Object> seen) {
    if (!(value instanceof Map<?, ?> map)
        || depth > DEEPEST
        || found.size() > MOST_LISTED
        || !seen.add(map)) {
      return;
    }
    if (map.entrySet().stream()
        .anyMatch(e -> e.getKey() instanceof String && e.getValue() instanceof Tensor)) {
      found.put(path, map);
      return;
    }
    map.forEach(
        (key, inner) -> {
          if (key instanceof String name) {
            find(inner, path.isEmpty() ? name : path + "/" + name, depth + 1, found, seen);
          }
        });
  }

  private Map<?, ?> choose(Object root, Map<String, Map<?, ?>> found, String wanted) {
    if (wanted != null) {
      place = wanted;
      if (found.containsKey(wanted)) {
        return found.get(wanted);
      }
      throw new WeightsException(
          "it has no state dict at '"
              + wanted
              + "'"
              + NearestName.suggestion(wanted, found.keySet())
              + list(found));
    }
    if (found.isEmpty()) {
      throw new WeightsException("it holds no dict of tensors, but " + describe(root));
    }
    if (found.size() == 1) {
      place = found.keySet().iterator().next();
      return found.get(place);
    }
    for (String usual : USUAL) {
      if (found.containsKey(usual)) {
        place = usual;
        return found.get(usual);
      }
    }
    throw new WeightsException("it holds several dicts of tensors; say which" + list(found));
  }

  private static String list(Map<String, Map<?, ?>> found) {
    return found.isEmpty()
        ? ""
        : " (there are: "
            + String.join(", ", found.keySet().stream().limit(MOST_LISTED).toList())
            + ")";
  }

  private static String describe(Object root) {
    if (root instanceof Map<?, ?> map) {
      return map.isEmpty()
          ? "an empty dict"
          : "a dict of "
              + String.join(
                  ", ", map.keySet().stream().limit(MOST_LISTED).map(String::valueOf).toList());
    }
    return root == null ? "None" : "a " + root.getClass().getSimpleName().replace("Array", "");
  }

  private void take(Map<?, ?> dict) {
    wrapped =
        dict.keySet().stream().allMatch(k -> k instanceof String key && key.startsWith(WRAPPED));
    dict.forEach(
        (key, value) -> {
          if (key instanceof String full && value instanceof Tensor view) {
            String name = wrapped ? full.substring(WRAPPED.length()) : full;
            tensors.put(name, checked(name, view));
            views.put(name, view);
          } else {
            others.add(place.isEmpty() ? String.valueOf(key) : place + "/" + key);
          }
        });
  }

  private TensorInfo checked(String name, Tensor view) {
    Storage storage = view.storage();
    ZipDirectory.Entry entry = entries.get(folder + "data/" + storage.key());
    if (entry == null) {
      throw new WeightsException(
          "tensor '" + name + "' is in file 'data/" + storage.key() + "', which is not there");
    }
    int bytes = storage.type().bytes();
    if (storage.count() < 0
        || storage.count() > Long.MAX_VALUE / bytes
        || storage.count() * bytes != entry.bytes()) {
      throw new WeightsException(
          "tensor '"
              + name
              + "' is in a file that should hold "
              + storage.count()
              + " values of "
              + storage.type()
              + ", but has "
              + entry.bytes()
              + " bytes");
    }
    long count = span(name, view).count();
    return new TensorInfo(
        name,
        storage.type(),
        new Shape(view.size()),
        entry.offset() + view.offset() * bytes,
        count * bytes);
  }

  /**
   * What a view covers.
   *
   * @param count how many values it has
   * @param reach how many values of the storage lie between its first and its last, both included
   */
  private record Span(long count, long reach) {}

  private static Span span(String name, Tensor view) {
    long[] size = view.size();
    long[] stride = view.stride();
    if (size.length != stride.length || size.length > MOST_AXES) {
      throw new WeightsException(
          "tensor '" + name + "' has " + size.length + " sizes and " + stride.length + " strides");
    }
    long count = 1;
    long reach = 1;
    try {
      for (int i = 0; i < size.length; i++) {
        if (size[i] < 0 || stride[i] < 0) {
          throw new WeightsException(
              "tensor '" + name + "' has the size " + size[i] + " with the stride " + stride[i]);
        }
        count = Math.multiplyExact(count, size[i]);
        reach = Math.addExact(reach, Math.multiplyExact(Math.max(0, size[i] - 1), stride[i]));
      }
    } catch (ArithmeticException e) {
      throw new WeightsException("tensor '" + name + "' has a size beyond all sizes", e);
    }
    reach = count == 0 ? 0 : reach;
    if (view.offset() < 0 || view.offset() > view.storage().count() - reach) {
      throw new WeightsException(
          "tensor '"
              + name
              + "' reaches beyond its "
              + view.storage().count()
              + " values: it begins at "
              + view.offset()
              + " and covers "
              + reach);
    }
    if (count > view.storage().count()) {
      throw new WeightsException(
          "tensor '"
              + name
              + "' repeats values: it has "
              + count
              + " of "
              + view.storage().count()
              + " stored ones; save it with .contiguous()");
    }
    return new Span(count, reach);
  }

  /**
   * Where the state dict was found.
   *
   * @return the keys of the dicts in which it lies, joined by {@code /}; empty for the whole file
   */
  public String place() {
    return place;
  }

  /**
   * Whether all keys began with {@code module.}, which was taken off.
   *
   * @return true if so
   */
  public boolean isUnwrapped() {
    return wrapped;
  }

  /**
   * What the file holds beside the tensors that can be read: other dicts of tensors, and entries of
   * the state dict that are no tensors.
   *
   * @return their places
   */
  public List<String> others() {
    return Collections.unmodifiableList(others);
  }

  /** {@inheritDoc} */
  @Override
  public Map<String, TensorInfo> tensors() {
    return Collections.unmodifiableMap(tensors);
  }

  /** {@inheritDoc} */
  @Override
  public String origin() {
    return file
        + (place.isEmpty() ? "" : " (" + place + ")")
        + (wrapped ? " (without 'module.')" : "");
  }

  /** {@inheritDoc} */
  @Override
  public NDArray read(NDManager manager, String name) {
    TensorInfo tensor = tensors.get(name);
    if (tensor == null) {
      throw new WeightsException(
          origin()
              + " has no tensor '"
              + name
              + "'"
              + NearestName.suggestion(name, tensors.keySet()));
    }
    Tensor view = views.get(name);
    try (GradientMode ignored = GradientMode.off();
        NDManager scope = manager.newSubManager()) {
      NDArray flat =
          new MappedValues(file, channel, MappedValues.PIECE)
              .read(scope, tensor.type(), tensor.offset(), span(name, view).reach());
      NDArray result =
          isContiguous(view)
              ? flat.reshape(tensor.shape())
              : SafetensorsFile.KERNELS.call("strided", flat, view.size(), view.stride());
      result.attach(manager);
      return result;
    }
  }

  private static boolean isContiguous(Tensor view) {
    long expected = 1;
    for (int i = view.size().length - 1; i >= 0; i--) {
      if (view.size()[i] == 0) {
        return true;
      }
      if (view.size()[i] != 1 && view.stride()[i] != expected) {
        return false;
      }
      expected *= view.size()[i];
    }
    return true;
  }

  /** Closes the file; what was read stays. */
  @Override
  public void close() {
    closeQuietly(channel);
  }

  private static void closeQuietly(FileChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
