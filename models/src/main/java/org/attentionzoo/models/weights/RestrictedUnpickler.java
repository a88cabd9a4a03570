package org.attentionzoo.models.weights;

import java.math.BigInteger;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the pickles in which PyTorch describes state dicts, and nothing else: a machine without
 * code. Plain containers, numbers and strings come out as Java's; {@code OrderedDict}, {@code
 * _rebuild_tensor_v2}, {@code _rebuild_parameter} and the storage types are known by name; any
 * other name is refused, called or not.
 *
 * <p>Every length is checked against what is left of the pickle before anything is allocated, and
 * each opcode takes at least a byte of it and makes at most one object, so the memory used is
 * bounded by the pickle's size. Containers may contain themselves; who walks them must mind that.
 */
final class RestrictedUnpickler {

  /** Python's int beyond 64 bits is used for no size; this is generous. */
  private static final int MOST_LONG_BYTES = 64;

  private static final int MOST_LINE = 4096;

  /** What a name in the pickle stands for. */
  private enum Function {
    ORDERED_DICT,
    REBUILD_TENSOR,
    REBUILD_PARAMETER
  }

  /**
   * Values in a file of their own.
   *
   * @param type the type of the values
   * @param key the file's name
   * @param count how many values there are
   */
  record Storage(TensorType type, String key, long count) {}

  /**
   * A view of a storage.
   *
   * @param storage the values
   * @param offset where the view begins, in values
   * @param size the shape
   * @param stride for each axis, how many values lie between neighbours
   */
  record Tensor(Storage storage, long offset, long[] size, long[] stride) {}

  /** A tuple; lists are {@link ArrayList}s. */
  record Tuple(List<Object> items) {}

  private static final Map<String, Object> GLOBALS = globals();

  private final ByteBuffer in;
  private final List<Object> stack = new ArrayList<>();
  private final List<Integer> marks = new ArrayList<>();
  private final Map<Long, Object> memo = new HashMap<>();

  /** Stands for Python's None on the stack. */
  private static final Object NONE = new Object();

  private RestrictedUnpickler(byte[] pickle) {
    in = ByteBuffer.wrap(pickle).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static Map<String, Object> globals() {
    Map<String, Object> globals = new HashMap<>();
    globals.put("collections.OrderedDict", Function.ORDERED_DICT);
    globals.put("torch._utils._rebuild_tensor_v2", Function.REBUILD_TENSOR);
    globals.put("torch._utils._rebuild_parameter", Function.REBUILD_PARAMETER);
    globals.put("torch.DoubleStorage", TensorType.F64);
    globals.put("torch.FloatStorage", TensorType.F32);
    globals.put("torch.HalfStorage", TensorType.F16);
    globals.put("torch.BFloat16Storage", TensorType.BF16);
    globals.put("torch.LongStorage", TensorType.I64);
    globals.put("torch.IntStorage", TensorType.I32);
    globals.put("torch.ShortStorage", TensorType.I16);
    globals.put("torch.CharStorage", TensorType.I8);
    globals.put("torch.ByteStorage", TensorType.U8);
    globals.put("torch.BoolStorage", TensorType.BOOL);
    return globals;
  }

  /**
   * Reads a pickle.
   *
   * @param pickle the bytes
   * @return a {@link Map}, {@link List}, {@link Tuple}, {@link Tensor}, {@link Storage}, {@link
   *     String}, {@link Long}, {@link BigInteger}, {@link Double}, {@link Boolean}, byte[], or null
   *     for None
   * @throws WeightsException if it is damaged or asks for anything else
   */
  static Object read(byte[] pickle) {
    try {
      return new RestrictedUnpickler(pickle).run();
    } catch (BufferUnderflowException e) {
      throw new WeightsException("its pickle is cut off", e);
    }
  }

  private Object run() {
    while (true) {
      int opcode = in.get() & 0xFF;
      if (opcode == '.') {
        Object result = pop();
        if (!stack.isEmpty() || !marks.isEmpty()) {
          throw damaged("leaves objects behind");
        }
        return plain(result);
      }
      execute(opcode);
    }
  }

  private void execute(int opcode) {
    switch (opcode) {
      case 0x80 -> protocol(in.get() & 0xFF);
      case 0x95 -> frame(in.getLong());
      case 'c' -> push(global(line(), line()));
      case 0x93 -> {
        Object name = pop();
        push(global(text(pop()), text(name)));
      }
      case 'R' -> reduce();
      case 'b' -> build();
      case 'Q' -> push(storage(pop()));
      case '(' -> marks.add(stack.size());
      case '0' -> pop();
      case '1' -> popToMark();
      case '2' -> push(top());
      case 'N' -> push(NONE);
      case 0x88 -> push(true);
      case 0x89 -> push(false);
      default -> {
        if (!number(opcode) && !bytes(opcode) && !container(opcode) && !memory(opcode)) {
          throw refused(opcode);
        }
      }
    }
  }

  private boolean number(int opcode) {
    switch (opcode) {
      case 'J' -> push((long) in.getInt());
      case 'K' -> push((long) (in.get() & 0xFF));
      case 'M' -> push((long) (in.getShort() & 0xFFFF));
      case 0x8a -> push(integer(in.get() & 0xFF));
      case 0x8b -> push(integer(in.getInt()));
      case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(in.getLong())));
      default -> {
        return false;
      }
    }
    return true;
  }

  private boolean bytes(int opcode) {
    switch (opcode) {
      case 'X' -> push(utf8(in.getInt() & 0xFFFFFFFFL));
      case 0x8c -> push(utf8(in.get() & 0xFF));
      case 0x8d -> push(utf8(in.getLong()));
      case 'U' -> push(utf8(in.get() & 0xFF));
      case 'T' -> push(utf8(in.getInt()));
      case 'C' -> push(take(in.get() & 0xFF));
      case 'B' -> push(take(in.getInt() & 0xFFFFFFFFL));
      case 0x8e -> push(take(in.getLong()));
      default -> {
        return false;
      }
    }
    return true;
  }

  private boolean container(int opcode) {
    switch (opcode) {
      case '}' -> push(new LinkedHashMap<>());
      case ']' -> push(new ArrayList<>());
      case ')' -> push(new Tuple(List.of()));
      case 't' -> push(new Tuple(popToMark()));
      case 0x85 -> push(new Tuple(popSome(1)));
      case 0x86 -> push(new Tuple(popSome(2)));
      case 0x87 -> push(new Tuple(popSome(3)));
      case 'l' -> push(new ArrayList<>(popToMark()));
      case 'd' -> {
        List<Object> items = popToMark();
        push(new LinkedHashMap<>());
        putAll(items);
      }
      case 's' -> putAll(popSome(2));
      case 'u' -> putAll(popToMark());
      case 'a' -> addAll(popSome(1));
      case 'e' -> addAll(popToMark());
      default -> {
        return false;
      }
    }
    return true;
  }

  private boolean memory(int opcode) {
    switch (opcode) {
      case 'q' -> memo.put((long) (in.get() & 0xFF), top());
      case 'r' -> memo.put(in.getInt() & 0xFFFFFFFFL, top());
      case 0x94 -> memo.put((long) memo.size(), top());
      case 'h' -> push(remembered(in.get() & 0xFF));
      case 'j' -> push(remembered(in.getInt() & 0xFFFFFFFFL));
      default -> {
        return false;
      }
    }
    return true;
  }

  private static void protocol(int version) {
    if (version > 5) {
      throw new WeightsException("its pickle has protocol " + version + "; expected at most 5");
    }
  }

  private void frame(long length) {
    if (length < 0 || length > in.remaining()) {
      throw damaged("announces a frame of " + length + " bytes, but has " + in.remaining());
    }
  }

  private Object global(String module, String name) {
    String full = module + "." + name;
    Object known = GLOBALS.get(full);
    if (known == null) {
      throw new WeightsException(
          "its pickle asks for '"
              + printable(full)
              + "'; only tensors, numbers, strings and plain containers are read, since anything"
              + " else may run code. Save the state dict alone:"
              + " torch.save(model.state_dict(), path)");
    }
    return known;
  }

  private void reduce() {
    Object arguments = pop();
    Object function = pop();
    if (!(function instanceof Function known) || !(arguments instanceof Tuple tuple)) {
      throw damaged("calls what is no function");
    }
    List<Object> items = tuple.items();
    switch (known) {
      case ORDERED_DICT -> {
        push(new LinkedHashMap<>());
        if (!items.isEmpty()) {
          putPairs(items);
        }
      }
      case REBUILD_TENSOR -> push(tensor(items));
      case REBUILD_PARAMETER -> {
        if (items.isEmpty() || !(items.get(0) instanceof Tensor tensor)) {
          throw damaged("makes a parameter of what is no tensor");
        }
        push(tensor);
      }
    }
  }

  /** {@code OrderedDict([[key, value], ...])}, as Python 2 wrote it. */
  private void putPairs(List<Object> arguments) {
    if (arguments.size() != 1 || !(arguments.get(0) instanceof ArrayList<?> pairs)) {
      throw damaged("makes an OrderedDict of what is no list");
    }
    for (Object pair : pairs) {
      List<?> both =
          pair instanceof Tuple tuple
              ? tuple.items()
              : pair instanceof ArrayList<?> list ? list : List.of();
      if (both.size() != 2) {
        throw damaged("makes an OrderedDict of what is no list of pairs");
      }
      putAll(new ArrayList<>(both));
    }
  }

  private Tensor tensor(List<Object> items) {
    if (items.size() < 4
        || !(items.get(0) instanceof Storage storage)
        || !(items.get(1) instanceof Long offset)) {
      throw damaged("makes a tensor of what is no storage");
    }
    return new Tensor(storage, offset, sizes(items.get(2)), sizes(items.get(3)));
  }

  private long[] sizes(Object tuple) {
    if (!(tuple instanceof Tuple sizes)) {
      throw damaged("gives a tensor no sizes");
    }
    long[] result = new long[sizes.items().size()];
    for (int i = 0; i < result.length; i++) {
      if (!(sizes.items().get(i) instanceof Long size)) {
        throw damaged("gives a tensor a size that is no number");
      }
      result[i] = size;
    }
    return result;
  }

  /** {@code ('storage', type, key, location, count)}. */
  private Storage storage(Object id) {
    if (id instanceof Tuple tuple) {
      List<Object> items = tuple.items();
      if (items.size() == 5
          && "storage".equals(items.get(0))
          && items.get(1) instanceof TensorType type
          && items.get(2) instanceof String key
          && items.get(4) instanceof Long count) {
        return new Storage(type, key, count);
      }
    }
    throw damaged("has a reference to what is no storage");
  }

  /** State that a dict carries along, such as {@code _metadata}, is dropped. */
  private void build() {
    pop();
    if (!(top() instanceof Map<?, ?>)) {
      throw damaged("sets the state of what is no dict");
    }
  }

  @SuppressWarnings("unchecked")
  private void putAll(List<Object> items) {
    if (!(top() instanceof LinkedHashMap<?, ?> map) || items.size() % 2 != 0) {
      throw damaged("sets items of what is no dict");
    }
    for (int i = 0; i < items.size(); i += 2) {
      Object key = items.get(i);
      // A container as a key could contain itself, and its hash would never end.
      if (!(key instanceof String || key instanceof Long || key instanceof Boolean)) {
        throw damaged("has a dict whose key is neither a string nor a number");
      }
      ((Map<Object, Object>) map).put(key, plain(items.get(i + 1)));
    }
  }

  @SuppressWarnings("unchecked")
  private void addAll(List<Object> items) {
    if (!(top() instanceof ArrayList<?> list)) {
      throw damaged("appends to what is no list");
    }
    items.forEach(item -> ((List<Object>) list).add(plain(item)));
  }

  private static Object plain(Object value) {
    return value == NONE ? null : value;
  }

  private Object remembered(long key) {
    Object value = memo.get(key);
    if (value == null) {
      throw damaged("refers to an object that it did not remember");
    }
    return value;
  }

  private void push(Object value) {
    stack.add(value);
  }

  private Object top() {
    checkDepth(1);
    return stack.get(stack.size() - 1);
  }

  private Object pop() {
    checkDepth(1);
    return stack.remove(stack.size() - 1);
  }

  private void checkDepth(int count) {
    int floor = marks.isEmpty() ? 0 : marks.get(marks.size() - 1);
    if (stack.size() - floor < count) {
      throw damaged("takes an object that is not there");
    }
  }

  private List<Object> popSome(int count) {
    checkDepth(count);
    return cut(stack.size() - count);
  }

  private List<Object> popToMark() {
    if (marks.isEmpty()) {
      throw damaged("goes back to a mark that is not there");
    }
    return cut(marks.remove(marks.size() - 1));
  }

  private List<Object> cut(int from) {
    List<Object> tail = stack.subList(from, stack.size());
    List<Object> items = new ArrayList<>(tail);
    tail.clear();
    return items;
  }

  private byte[] take(long length) {
    if (length < 0 || length > in.remaining()) {
      throw damaged("announces " + length + " bytes, but has " + in.remaining());
    }
    byte[] bytes = new byte[(int) length];
    in.get(bytes);
    return bytes;
  }

  private String utf8(long length) {
    return new String(take(length), StandardCharsets.UTF_8);
  }

  private String line() {
    int from = in.position();
    while (in.get() != '\n') {
      if (in.position() - from > MOST_LINE) {
        throw damaged("has a name of more than " + MOST_LINE + " bytes");
      }
    }
    int length = in.position() - from - 1;
    return new String(in.array(), from, length, StandardCharsets.UTF_8);
  }

  private Object integer(int length) {
    if (length < 0 || length > MOST_LONG_BYTES) {
      throw damaged("has a number of " + Integer.toUnsignedString(length) + " bytes");
    }
    byte[] bytes = take(length);
    if (length == 0) {
      return 0L;
    }
    for (int i = 0; i < length / 2; i++) {
      byte swapped = bytes[i];
      bytes[i] = bytes[length - 1 - i];
      bytes[length - 1 - i] = swapped;
    }
    BigInteger value = new BigInteger(bytes);
    return value.bitLength() < Long.SIZE ? (Object) value.longValue() : value;
  }

  private String text(Object value) {
    if (value instanceof String text) {
      return text;
    }
    throw damaged("has a name that is no string");
  }

  private WeightsException refused(int opcode) {
    return new WeightsException(
        String.format(
            "its pickle has opcode 0x%02x at byte %d, which state dicts do not need; save the state"
                + " dict alone: torch.save(model.state_dict(), path)",
            opcode, in.position() - 1));
  }

  private WeightsException damaged(String what) {
    return new WeightsException("its pickle " + what + " (before byte " + in.position() + ")");
  }

  private static String printable(String name) {
    String clean = name.replaceAll("\\p{Cntrl}", "?");
    return clean.length() > 100 ? clean.substring(0, 100) + "..." : clean;
  }
}
