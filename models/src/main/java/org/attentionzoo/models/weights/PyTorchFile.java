package org.attentionzoo.models.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.NearestName;
import org.attentionzoo.models.weights.RestrictedUnpickler.Storage;
import org.attentionzoo.models.weights.RestrictedUnpickler.Tensor;

/**
 * A file that {@code torch.save} wrote ({@code .pt}, {@code .pth}, {@code .bin}): a zip archive
 * with a pickle that describes tensors, and their values; or, before PyTorch 1.6, several pickles
 * and the values behind them. Pickles are read by a machine that knows tensors and plain containers
 * and runs no code; a tensor's values are mapped into memory when it is read, so that files of any
 * size can be opened. What archive and pickle say is checked against the file before anything is
 * allocated.
 *
 * <p>The state dict may be the whole file or lie in dicts of it ({@code state_dict}, {@code model},
 * ...); where it was found, and what else there is, {@link #place} and {@link #others} tell.
 * Prefixes that all its keys have because the model was wrapped ({@code module.} by data
 * parallelism, {@code _orig_mod.} by torch.compile) are taken off.
 *
 * <p>Thread safety: may be read by several threads, each with its own manager.
 */
public final class PyTorchFile implements StoredWeights {

  private static final long MOST_PICKLE = 128L << 20;
  private static final int MOST_AXES = 64;
  private static final int DEEPEST = 4;
  private static final int MOST_LISTED = 20;
  private static final List<String> WRAPPERS = List.of("module.", "_orig_mod.");

  /** With what files begin that torch.save wrote before 1.6. */
  private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);

  private static final long LEGACY_VERSION = 1001;
  private static final int TAR_MAGIC_AT = 257;
  private static final long SMALL = 1 << 20;
  private static final int GATHER_BYTES = 1 << 20;

  /** Under which names a state dict is kept beside others, the most likely first. */
  private static final List<String> USUAL =
      List.of("state_dict", "model_state_dict", "model", "module", "net", "weights");

  private final Path file;
  private final FileChannel channel;
  private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();
  private final Map<String, Tensor> views = new LinkedHashMap<>();
  private final List<String> others = new ArrayList<>();
  private final Map<String, Region> regions = new HashMap<>();
  private final List<String> notes = new ArrayList<>();
  private String format;
  private String place = "";
  private String wrapped = "";

  /** Where a storage's values are in the file. */
  private record Region(long offset, long bytes) {}

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
    WeightFiles.requireFile(file, "a .pt, .pth or .bin file");
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
    byte[] head = head();
    boolean zip = head.length >= 2 && head[0] == 'P' && head[1] == 'K';
    Object root = zip ? zip() : legacy(head);
    Map<String, Map<?, ?>> found = new LinkedHashMap<>();
    find(root, "", 0, found, Collections.newSetFromMap(new IdentityHashMap<>()));
    Map<?, ?> chosen = choose(root, found, wanted);
    found.keySet().stream().filter(p -> !p.equals(place)).forEach(others::add);
    take(chosen);
    note();
  }

  private byte[] head() throws IOException {
    ByteBuffer head = ByteBuffer.allocate(TAR_MAGIC_AT + 5);
    while (head.hasRemaining()) {
      if (channel.read(head, head.position()) < 0) {
        break;
      }
    }
    if (head.position() < 2) {
      throw new WeightsException("it has only " + head.position() + " bytes");
    }
    byte[] bytes = new byte[head.flip().remaining()];
    head.get(bytes);
    return bytes;
  }

  private Object zip() throws IOException {
    format = "PyTorch (zip)";
    Map<String, ZipDirectory.Entry> entries = ZipDirectory.read(channel);
    List<String> pickles = entries.keySet().stream().filter(PyTorchFile::isPickle).toList();
    if (pickles.size() != 1) {
      throw new WeightsException(
          "it holds " + pickles.size() + " files 'data.pkl' where torch.save writes one");
    }
    String folder = pickles.get(0).substring(0, pickles.get(0).length() - "data.pkl".length());
    if (entries.containsKey(folder + "constants.pkl")) {
      throw new WeightsException(
          "it is a TorchScript program, not a state dict; save torch.save(model.state_dict(), path)");
    }
    ZipDirectory.Entry order = entries.get(folder + "byteorder");
    if (order != null && !"little".equals(text(order))) {
      throw new WeightsException(
          "its byte order is '" + Shown.of(text(order)) + "'; expected little");
    }
    RestrictedUnpickler pickle =
        new RestrictedUnpickler(ByteBuffer.wrap(pickle(entries.get(pickles.get(0)))));
    Object root = pickle.read();
    for (Storage storage : pickle.storages().values()) {
      ZipDirectory.Entry entry = entries.get(folder + "data/" + storage.key());
      if (entry == null) {
        throw new WeightsException(
            "its values 'data/" + Shown.of(storage.key()) + "' are not there");
      }
      place(storage, entry.offset(), entry.bytes());
    }
    return root;
  }

  /** Remembers where a storage is, if it has the size that the pickle says. */
  private void place(Storage storage, long offset, long bytes) {
    int each = storage.type().bytes();
    if (storage.total() > Long.MAX_VALUE / each || storage.total() * each != bytes) {
      throw new WeightsException(
          "its storage '"
              + Shown.of(storage.key())
              + "' should hold "
              + storage.total()
              + " values of "
              + storage.type()
              + ", but has "
              + bytes
              + " bytes");
    }
    regions.put(storage.key(), new Region(offset, bytes));
  }

  /** Before PyTorch 1.6: magic number, version, system, objects, keys of storages, storages. */
  private Object legacy(byte[] head) throws IOException {
    format = "PyTorch (before 1.6)";
    if (isTar(head)) {
      throw new WeightsException(
          "it is a tar archive, the format of PyTorch before 0.1.10; load it with an old version"
              + " and save it again");
    }
    ByteBuffer in = begin();
    Object magic;
    try {
      magic = new RestrictedUnpickler(in).read();
    } catch (WeightsException e) {
      boolean pickled = (head[0] & 0xFF) == 0x80 || e.getMessage().contains("asks for");
      throw pickled
          ? e
          : new WeightsException("it is neither a zip archive nor a pickle of torch.save", e);
    }
    if (!MAGIC.equals(magic)) {
      throw new WeightsException(
          "it is a pickle, but not one that torch.save wrote: the magic number is missing");
    }
    Object version = new RestrictedUnpickler(in).read();
    if (!Long.valueOf(LEGACY_VERSION).equals(version)) {
      throw new WeightsException(
          "it has version " + shown(version) + "; expected " + LEGACY_VERSION);
    }
    Object system = new RestrictedUnpickler(in).read();
    if (system instanceof Map<?, ?> map && Boolean.FALSE.equals(map.get("little_endian"))) {
      throw new WeightsException("its byte order is big; expected little");
    }
    RestrictedUnpickler objects = new RestrictedUnpickler(in);
    Object root = objects.read();
    if (!(new RestrictedUnpickler(in).read() instanceof List<?> keys)) {
      throw new WeightsException("it has no list of storages behind its objects");
    }
    storages(keys, objects.storages(), in.position());
    return root;
  }

  private void storages(List<?> keys, Map<String, Storage> known, long begin) throws IOException {
    long at = begin;
    for (Object key : keys) {
      Storage storage = key instanceof String name ? known.get(name) : null;
      if (storage == null || regions.containsKey(storage.key())) {
        throw new WeightsException(
            "its list of storages has '" + shown(key) + "', to which nothing refers, or twice");
      }
      ByteBuffer count = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      if (at > channel.size() - Long.BYTES) {
        throw new WeightsException("it is cut off before storage '" + shown(key) + "'");
      }
      while (count.hasRemaining() && channel.read(count, at + count.position()) >= 0) {
        continue;
      }
      at += Long.BYTES;
      long values = count.getLong(0);
      long left = channel.size() - at;
      int each = storage.type().bytes();
      if (values < 0 || values > left / each) {
        throw new WeightsException(
            "its storage '"
                + shown(key)
                + "' announces "
                + values
                + " values of "
                + storage.type()
                + " with "
                + left
                + " bytes left");
      }
      place(storage, at, values * each);
      at += values * each;
    }
    if (regions.size() != known.size()) {
      throw new WeightsException("its list of storages lacks some that its tensors refer to");
    }
    if (at != channel.size()) {
      throw new WeightsException("it has " + (channel.size() - at) + " bytes after its storages");
    }
  }

  /** All of a small file; of a larger one a map of what a pickle can be in. */
  private ByteBuffer begin() throws IOException {
    if (channel.size() > SMALL) {
      long most = Math.min(channel.size(), Integer.MAX_VALUE);
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, most);
    }
    ByteBuffer all = ByteBuffer.allocate((int) channel.size());
    while (all.hasRemaining() && channel.read(all, all.position()) >= 0) {
      continue;
    }
    return all.flip();
  }

  private static String shown(Object value) {
    return value instanceof String || value instanceof Number
        ? Shown.of(value.toString())
        : value == null ? "None" : "a " + value.getClass().getSimpleName();
  }

  private static boolean isTar(byte[] head) {
    String text = new String(head, StandardCharsets.ISO_8859_1);
    boolean marked = text.startsWith("ustar", TAR_MAGIC_AT);
    return marked
        || List.of("sys_info\0", "pickle\0", "storages\0", "tensors\0").stream()
            .anyMatch(text::startsWith);
  }

  private static boolean isPickle(String name) {
    return name.equals("data.pkl")
        || (name.endsWith("/data.pkl") && name.indexOf('/') == name.length() - 9);
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
   * All dicts that hold tensors under strings. Each dict is visited once, since dicts that hold one
   * another many times would take forever.
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
              + Shown.of(wanted)
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
    if (found.containsKey("")) {
      return found.get("");
    }
    throw new WeightsException("it holds several dicts of tensors; say which" + list(found));
  }

  private static String list(Map<String, Map<?, ?>> found) {
    return found.isEmpty()
        ? ""
        : " (there are: "
            + String.join(
                ", ", found.keySet().stream().limit(MOST_LISTED).map(PyTorchFile::spot).toList())
            + ")";
  }

  private static String describe(Object root) {
    if (root instanceof Map<?, ?> map) {
      return map.isEmpty()
          ? "an empty dict"
          : "a dict of "
              + String.join(
                  ", ", map.keySet().stream().limit(MOST_LISTED).map(PyTorchFile::shown).toList());
    }
    return root == null ? "None" : "a " + root.getClass().getSimpleName().replace("Array", "");
  }

  private static String spot(String path) {
    return path.isEmpty() ? "the file's own dict" : "'" + Shown.of(path) + "'";
  }

  private void take(Map<?, ?> dict) {
    wrapped = wrapping(dict.keySet());
    dict.forEach(
        (key, value) -> {
          if (key instanceof String full && value instanceof Tensor view) {
            String name = full.substring(wrapped.length());
            tensors.put(name, checked(name, view));
            views.put(name, view);
          } else if (!(value instanceof Map<?, ?>) || !others.contains(join(place, key))) {
            others.add(join(place, key));
          }
        });
  }

  private static String join(String place, Object key) {
    return place.isEmpty() ? String.valueOf(key) : place + "/" + key;
  }

  /** What stands before all keys because a wrapper held the model. */
  private static String wrapping(Set<?> keys) {
    String prefix = "";
    while (true) {
      String before = prefix;
      for (String wrapper : WRAPPERS) {
        String longer = prefix + wrapper;
        if (keys.stream().allMatch(k -> k instanceof String key && key.startsWith(longer))) {
          prefix = longer;
        }
      }
      if (prefix.equals(before)) {
        return prefix;
      }
    }
  }

  private void note() {
    if (!place.isEmpty()) {
      notes.add("the tensors are those of " + spot(place));
    }
    if (!wrapped.isEmpty()) {
      notes.add("'" + wrapped + "' was taken off all names");
    }
    if (!others.isEmpty()) {
      notes.add(
          "not read: "
              + others.stream()
                  .limit(MOST_LISTED)
                  .map(
                      other ->
                          other.isEmpty()
                              ? "other tensors of the file's own dict"
                              : Shown.of(other))
                  .collect(Collectors.joining(", "))
              + (others.size() > MOST_LISTED
                  ? " and " + (others.size() - MOST_LISTED) + " more"
                  : ""));
    }
    Map<String, String> firsts = new HashMap<>();
    List<String> shared = new ArrayList<>();
    views.forEach(
        (name, view) -> {
          String first = firsts.putIfAbsent(view.storage().key(), name);
          if (first != null) {
            shared.add(Shown.of(first) + " and " + Shown.of(name));
          }
        });
    if (!shared.isEmpty()) {
      notes.add(
          "shared storage: "
              + String.join("; ", shared.stream().limit(MOST_LISTED).toList())
              + (shared.size() > MOST_LISTED
                  ? "; and " + (shared.size() - MOST_LISTED) + " more"
                  : ""));
    }
  }

  private TensorInfo checked(String name, Tensor view) {
    Storage storage = view.storage();
    Region region = regions.get(storage.key());
    if (region == null) {
      throw new WeightsException("tensor '" + Shown.of(name) + "' has no values");
    }
    int bytes = view.type().bytes();
    long count = span(name, view).count();
    return new TensorInfo(
        name,
        view.type(),
        new Shape(view.size()),
        region.offset() + storage.first() * storage.type().bytes() + view.offset() * bytes,
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
          "tensor '"
              + Shown.of(name)
              + "' has "
              + size.length
              + " sizes and "
              + stride.length
              + " strides");
    }
    long count = 1;
    long reach = 1;
    try {
      for (int i = 0; i < size.length; i++) {
        if (size[i] < 0 || stride[i] < 0) {
          throw new WeightsException(
              "tensor '"
                  + Shown.of(name)
                  + "' has the size "
                  + size[i]
                  + " with the stride "
                  + stride[i]);
        }
        count = Math.multiplyExact(count, size[i]);
        reach = Math.addExact(reach, Math.multiplyExact(Math.max(0, size[i] - 1), stride[i]));
      }
    } catch (ArithmeticException e) {
      throw new WeightsException("tensor '" + Shown.of(name) + "' has a size beyond all sizes", e);
    }
    reach = count == 0 ? 0 : reach;
    long stored = view.storage().count() * view.storage().type().bytes() / view.type().bytes();
    if (view.offset() < 0 || view.offset() > stored - reach) {
      throw new WeightsException(
          "tensor '"
              + Shown.of(name)
              + "' reaches beyond its "
              + stored
              + " values: it begins at "
              + view.offset()
              + " and covers "
              + reach);
    }
    if (count > stored) {
      throw new WeightsException(
          "tensor '"
              + Shown.of(name)
              + "' repeats values: it has "
              + count
              + " of "
              + stored
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
   * What stood before all keys and was taken off, because a wrapper held the model.
   *
   * @return for example {@code module.}; empty if nothing did
   */
  public String wrapping() {
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
  public String format() {
    return format;
  }

  /** {@inheritDoc} */
  @Override
  public Map<String, String> metadata() {
    return Map.of();
  }

  /** {@inheritDoc} */
  @Override
  public List<String> notes() {
    return Collections.unmodifiableList(notes);
  }

  /** {@inheritDoc} */
  @Override
  public String origin() {
    return file
        + (place.isEmpty() ? "" : " (" + place + ")")
        + (wrapped.isEmpty() ? "" : " (without '" + wrapped + "')");
  }

  /** {@inheritDoc} */
  @Override
  public NDArray read(NDManager manager, String name) {
    TensorInfo tensor = readable(name);
    Tensor view = views.get(name);
    try (GradientMode ignored = GradientMode.off();
        NDManager scope = manager.newSubManager()) {
      NDArray flat = values().read(scope, tensor.type(), tensor.offset(), span(name, view).reach());
      NDArray result =
          isContiguous(view)
              ? flat.reshape(tensor.shape())
              : SafetensorsFile.KERNELS.call("strided", flat, view.size(), view.stride());
      result.attach(manager);
      return result;
    }
  }

  /** {@inheritDoc} */
  @Override
  public void readInto(NDArray target, String name) {
    TensorInfo tensor = readable(name);
    if (!isContiguous(views.get(name))) {
      StoredWeights.super.readInto(target, name);
      return;
    }
    try (GradientMode ignored = GradientMode.off()) {
      values().assign(target, tensor.type(), tensor.offset(), tensor.shape().size());
    }
  }

  /** {@inheritDoc} */
  @Override
  public void copy(String name, WritableByteChannel target) throws IOException {
    TensorInfo tensor = tensor(name);
    Tensor view = views.get(name);
    if (isContiguous(view)) {
      values().copy(target, tensor.offset(), tensor.bytes());
    } else {
      gather(name, tensor, view, target);
    }
  }

  /** Copies the values of a view that are not next to one another, in the order of its shape. */
  private void gather(String name, TensorInfo tensor, Tensor view, WritableByteChannel target)
      throws IOException {
    int bytes = tensor.type().bytes();
    long reach = span(name, view).reach() * bytes;
    if (reach > Integer.MAX_VALUE) {
      throw new WeightsException(
          "tensor '" + Shown.of(name) + "' is not contiguous and too large to be put in order");
    }
    ByteBuffer values = values().map(tensor.offset(), reach);
    ByteBuffer out = ByteBuffer.allocate((int) Math.min(GATHER_BYTES, tensor.bytes()));
    long[] index = new long[view.size().length];
    long at = 0;
    for (long left = tensor.bytes() / bytes; left > 0; left--) {
      out.put(out.position(), values, (int) (at * bytes), bytes);
      out.position(out.position() + bytes);
      if (out.remaining() < bytes || left == 1) {
        out.flip();
        while (out.hasRemaining()) {
          target.write(out);
        }
        out.clear();
      }
      for (int axis = index.length - 1; axis >= 0; axis--) {
        at += view.stride()[axis];
        if (++index[axis] < view.size()[axis]) {
          break;
        }
        at -= index[axis] * view.stride()[axis];
        index[axis] = 0;
      }
    }
  }

  private MappedValues values() {
    return new MappedValues(file, channel, MappedValues.PIECE);
  }

  private TensorInfo readable(String name) {
    TensorInfo tensor = tensor(name);
    if (tensor.type().dataType() == null) {
      throw new WeightsException(
          origin()
              + ": tensor '"
              + Shown.of(name)
              + "' is "
              + tensor.type()
              + ", which cannot be read");
    }
    return tensor;
  }

  private TensorInfo tensor(String name) {
    TensorInfo tensor = tensors.get(name);
    if (tensor == null) {
      throw new WeightsException(
          origin()
              + " has no tensor '"
              + Shown.of(name)
              + "'"
              + NearestName.suggestion(name, tensors.keySet()));
    }
    return tensor;
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
