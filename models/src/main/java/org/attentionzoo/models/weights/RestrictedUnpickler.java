package org.attentionzoo.models.weights;

import java.math.BigInteger;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Reads the pickles in which PyTorch describes state dicts, and nothing else: a machine without
 * code. Plain containers, numbers and strings come out as Java's; {@code OrderedDict}, the
 * functions that rebuild dense tensors and parameters, the storage and element types, {@code
 * torch.Size} and Python's sets are known by name; any other name is refused, called or not.
 *
 * <p>Every length is checked against what is left of the pickle before anything is allocated, and
 * what all objects take is counted and may not exceed a multiple of the bytes read. Containers may
 * contain themselves; who walks them must mind that.
 */
final class RestrictedUnpickler {

  /** Python's int beyond 64 bits is used for no size; this is generous. */
  private static final int MOST_LONG_BYTES = 64;

  private static final int MOST_LINE = 4096;

  /** No description of tensors is that long; a state dict takes a few hundred bytes a tensor. */
  private static final long MOST_BYTES = 128L << 20;

  /** Roughly what objects may take in memory: always, and for each byte of the pickle. */
  private static final long FREE_COST = 32L << 20;

  private static final long COST_PER_BYTE = 16;
  private static final long OBJECT_COST = 64;

  /** A storage in PyTorch's untyped form: its count is one of bytes. */
  private static final Object UNTYPED = new Object();

  /** What a name in the pickle stands for. */
  private enum Function {
    ORDERED_DICT,
    REBUILD_TENSOR,
    REBUILD_TENSOR_OF_TYPE,
    REBUILD_PARAMETER,
    REBUILD_FROM_CLASS,
    TENSOR_CLASS,
    SIZE,
    SET
  }

  /**
   * Values in a file of their own, or a part of it.
   *
   * @param type the type of the values; U8 for an untyped storage
   * @param key the file's name
   * @param total how many values the file has
   * @param first the first of them that belongs to this part
   * @param count how many belong to this part
   */
  record Storage(TensorType type, String key, long total, long first, long count) {}

  /**
   * A view of a storage.
   *
   * @param storage the values
   * @param type the type of the view's values; not the storage's if that is untyped
   * @param offset where the view begins, in values of its type
   * @param size the shape
   * @param stride for each axis, how many values lie between neighbours
   */
  record Tensor(Storage storage, TensorType type, long offset, long[] size, long[] stride) {}

  /** A tuple; lists are {@link ArrayList}s. */
  record Tuple(List<Object> items) {}

  private static final Map<String, Object> GLOBALS = globals();

  private final ByteBuffer in;
  private final List<Object> stack = new ArrayList<>();
  private final List<Integer> marks = new ArrayList<>();
  private final Map<Long, Object> memo = new HashMap<>();
  private final Map<String, Storage> storages = new LinkedHashMap<>();
  private final int begin;
  private long cost;

  /** Stands for Python's None on the stack. */
  private static final Object NONE = new Object();

  /**
   * Prepares to read.
   *
   * @param pickle a pickle at its position, possibly with something else behind it
   */
  RestrictedUnpickler(ByteBuffer pickle) {
    in = pickle.order(ByteOrder.LITTLE_ENDIAN);
    begin = in.position();
  }

  private static Map<String, Object> globals() {
    Map<String, Object> globals = new HashMap<>();
    globals.put("collections.OrderedDict", Function.ORDERED_DICT);
    globals.put("torch._utils._rebuild_tensor_v2", Function.REBUILD_TENSOR);
    globals.put("torch._utils._rebuild_tensor", Function.REBUILD_TENSOR);
    globals.put("torch._utils._rebuild_tensor_v3", Function.REBUILD_TENSOR_OF_TYPE);
    globals.put("torch._utils._rebuild_parameter", Function.REBUILD_PARAMETER);
    globals.put("torch._utils._rebuild_parameter_with_state", Function.REBUILD_PARAMETER);
    globals.put("torch._tensor._rebuild_from_type_v2", Function.REBUILD_FROM_CLASS);
    globals.put("torch.Tensor", Function.TENSOR_CLASS);
    globals.put("torch.nn.parameter.Parameter", Function.TENSOR_CLASS);
    globals.put("torch.Size", Function.SIZE);
    for (String module : List.of("builtins.", "__builtin__.")) {
      globals.put(module + "set", Function.SET);
      globals.put(module + "frozenset", Function.SET);
    }
    globals.put("torch.UntypedStorage", UNTYPED);
    globals.put("torch.storage.UntypedStorage", UNTYPED);
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
    globals.put("torch.ComplexFloatStorage", TensorType.C64);
    globals.put("torch.float64", TensorType.F64);
    globals.put("torch.float32", TensorType.F32);
    globals.put("torch.float16", TensorType.F16);
    globals.put("torch.bfloat16", TensorType.BF16);
    globals.put("torch.float8_e4m3fn", TensorType.F8_E4M3);
    globals.put("torch.float8_e5m2", TensorType.F8_E5M2);
    globals.put("torch.float8_e8m0fnu", TensorType.F8_E8M0);
    globals.put("torch.complex64", TensorType.C64);
    globals.put("torch.int64", TensorType.I64);
    globals.put("torch.int32", TensorType.I32);
    globals.put("torch.int16", TensorType.I16);
    globals.put("torch.int8", TensorType.I8);
    globals.put("torch.uint64", TensorType.U64);
    globals.put("torch.uint32", TensorType.U32);
    globals.put("torch.uint16", TensorType.U16);
    globals.put("torch.uint8", TensorType.U8);
    globals.put("torch.bool", TensorType.BOOL);
    return globals;
  }

  /**
   * Reads the pickle; the buffer stands behind it afterwards.
   *
   * @return a {@link Map}, {@link List}, {@link Tuple}, {@link Tensor}, {@link Storage}, {@link
   *     TensorType}, {@link String}, {@link Long}, {@link BigInteger}, {@link Double}, {@link
   *     Boolean}, byte[], or null for None
   * @throws WeightsException if it is damaged or asks for anything else
   */
  Object read() {
    try {
      return run();
    } catch (BufferUnderflowException e) {
      throw new WeightsException("its pickle is cut off", e);
    }
  }

  /**
   * The storages that the pickle refers to.
   *
   * @return by key
   */
  Map<String, Storage> storages() {
    return storages;
  }

  private Object run() {
    while (true) {
      int opcode = in.get() & 0xFF;
      spend(1);
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
      case 'i' -> {
        // An instance of a class: which one is what a user wants to know.
        global(line(), line());
        throw refused(opcode);
      }
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
      case '2' -> again(top());
      case 'N' -> again(NONE);
      case 0x88 -> push(true);
      case 0x89 -> push(false);
      default -> {
        if (!number(opcode)
            && !bytes(opcode)
            && !container(opcode)
            && !memory(opcode)
            && !text(opcode)) {
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

  /** What the oldest pickles write as lines of text. */
  private boolean text(int opcode) {
    switch (opcode) {
      case 'S', 'V' -> {
        String line = line();
        if (line.indexOf('\\') >= 0) {
          throw damaged("has a string with escapes");
        }
        boolean quoted = opcode == 'S' && line.matches("'.*'|\".*\"");
        push(quoted ? line.substring(1, line.length() - 1) : line);
      }
      case 'I' -> {
        String line = line();
        push(line.equals("01") ? true : line.equals("00") ? (Object) false : whole(line));
      }
      case 'L' -> push(whole(line().replaceFirst("L$", "")));
      case 'F' -> {
        String line = line();
        try {
          push(Double.valueOf(line));
        } catch (NumberFormatException e) {
          throw damaged("has the number '" + Shown.of(line) + "'");
        }
      }
      case 'p' -> remember(whole(line()), top());
      case 'g' -> again(remembered(whole(line())));
      default -> {
        return false;
      }
    }
    return true;
  }

  private long whole(String line) {
    try {
      return Long.parseLong(line);
    } catch (NumberFormatException e) {
      throw damaged("has the number '" + Shown.of(line) + "'");
    }
  }

  private boolean container(int opcode) {
    switch (opcode) {
      case '}' -> push(new LinkedHashMap<>());
      case ']', 0x8f -> push(new ArrayList<>());
      case ')' -> push(new Tuple(List.of()));
      case 't' -> push(new Tuple(popToMark()));
      case 0x85 -> push(new Tuple(popSome(1)));
      case 0x86 -> push(new Tuple(popSome(2)));
      case 0x87 -> push(new Tuple(popSome(3)));
      case 'l', 0x91 -> push(new ArrayList<>(popToMark()));
      case 'd' -> {
        List<Object> items = popToMark();
        push(new LinkedHashMap<>());
        putAll(items);
      }
      case 's' -> putAll(popSome(2));
      case 'u' -> putAll(popToMark());
      case 'a' -> addAll(popSome(1));
      case 'e', 0x90 -> addAll(popToMark());
      default -> {
        return false;
      }
    }
    return true;
  }

  private boolean memory(int opcode) {
    switch (opcode) {
      case 'q' -> remember(in.get() & 0xFF, top());
      case 'r' -> remember(in.getInt() & 0xFFFFFFFFL, top());
      case 0x94 -> remember(memo.size(), top());
      case 'h' -> again(remembered(in.get() & 0xFF));
      case 'j' -> again(remembered(in.getInt() & 0xFFFFFFFFL));
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
              + Shown.of(full)
              + "'; only tensors, numbers, strings and plain containers are read, since anything"
              + " else may run code. Save the state dict alone:"
              + " torch.save(model.state_dict(), path)");
    }
    return known;
  }

  private void reduce() {
    Object arguments = pop();
    reduce(pop(), arguments);
  }

  private void reduce(Object function, Object arguments) {
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
      case REBUILD_TENSOR -> push(tensor(items, null));
      case REBUILD_TENSOR_OF_TYPE -> {
        if (items.size() < 7 || !(items.get(6) instanceof TensorType type)) {
          throw damaged("makes a tensor of no type");
        }
        push(tensor(items, type));
      }
      case REBUILD_PARAMETER -> {
        if (items.isEmpty() || !(items.get(0) instanceof Tensor tensor)) {
          throw damaged("makes a parameter of what is no tensor");
        }
        push(tensor);
      }
      case REBUILD_FROM_CLASS -> {
        // (function, class, its arguments, state); nothing but tensors can be made.
        if (items.size() < 3
            || !(items.get(0) instanceof Function maker)
            || maker == Function.REBUILD_FROM_CLASS
            || items.get(1) != Function.TENSOR_CLASS) {
          throw damaged("makes a tensor of a class of its own");
        }
        reduce(maker, items.get(2));
        if (!(top() instanceof Tensor)) {
          throw damaged("makes a tensor of what is none");
        }
      }
      case SIZE, SET -> {
        if (items.size() > 1 || !(items.isEmpty() || isSequence(items.get(0)))) {
          throw damaged("makes a container of what is none");
        }
        List<Object> content = items.isEmpty() ? List.of() : sequence(items.get(0));
        spend(content.size() * (long) Long.BYTES);
        push(known == Function.SIZE ? new Tuple(content) : new ArrayList<>(content));
      }
      case TENSOR_CLASS -> throw damaged("calls a class of tensors");
    }
  }

  private static boolean isSequence(Object value) {
    return value instanceof Tuple || value instanceof ArrayList<?>;
  }

  @SuppressWarnings("unchecked")
  private static List<Object> sequence(Object value) {
    return value instanceof Tuple tuple ? tuple.items() : (List<Object>) value;
  }

  /** {@code OrderedDict([[key, value], ...])}, as Python 2 wrote it. */
  private void putPairs(List<Object> arguments) {
    if (arguments.size() != 1 || !(arguments.get(0) instanceof ArrayList<?> pairs)) {
      throw damaged("makes an OrderedDict of what is no list");
    }
    for (Object pair : pairs) {
      List<Object> both = isSequence(pair) ? sequence(pair) : List.of();
      if (both.size() != 2) {
        throw damaged("makes an OrderedDict of what is no list of pairs");
      }
      putAll(both);
    }
  }

  private Tensor tensor(List<Object> items, TensorType type) {
    if (items.size() < 4
        || !(items.get(0) instanceof Storage storage)
        || !(items.get(1) instanceof Long offset)) {
      throw damaged("makes a tensor of what is no storage");
    }
    TensorType own = type == null ? storage.type() : type;
    return new Tensor(storage, own, offset, sizes(items.get(2)), sizes(items.get(3)));
  }

  private long[] sizes(Object tuple) {
    if (!(tuple instanceof Tuple sizes)) {
      throw damaged("gives a tensor no sizes");
    }
    long[] result = new long[sizes.items().size()];
    spend(OBJECT_COST + (long) result.length * Long.BYTES);
    for (int i = 0; i < result.length; i++) {
      if (!(sizes.items().get(i) instanceof Long size)) {
        throw damaged("gives a tensor a size that is no number");
      }
      result[i] = size;
    }
    return result;
  }

  /**
   * {@code ('storage', type, key, location, count)}; before PyTorch 1.6 with the part of it that is
   * seen, {@code (key of the part, first, count)} or None.
   */
  private Storage storage(Object id) {
    if (!(id instanceof Tuple tuple)) {
      throw damaged("has a reference to what is no storage");
    }
    List<Object> items = tuple.items();
    if (!(items.size() == 5 || items.size() == 6)
        || !"storage".equals(items.get(0))
        || !(items.get(2) instanceof String key)
        || !(items.get(4) instanceof Long count)
        || count < 0) {
      throw damaged("has a reference to what is no storage");
    }
    TensorType type =
        items.get(1) == UNTYPED
            ? TensorType.U8
            : items.get(1) instanceof TensorType known ? known : null;
    if (type == null) {
      throw damaged("has a storage of no type");
    }
    Storage whole = new Storage(type, key, count, 0, count);
    Storage other = storages.putIfAbsent(key, whole);
    if (other != null && !other.equals(whole)) {
      throw damaged("has two different storages '" + Shown.of(key) + "'");
    }
    if (items.size() == 5 || items.get(5) == NONE) {
      return whole;
    }
    if (items.get(5) instanceof Tuple view
        && view.items().size() == 3
        && view.items().get(1) instanceof Long first
        && view.items().get(2) instanceof Long part
        && first >= 0
        && part >= 0
        && first <= count - part) {
      return new Storage(type, key, count, first, part);
    }
    throw damaged("has a part of a storage that lies outside of it");
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
    spend(items.size() * OBJECT_COST / 2);
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
    spend(items.size() * (long) Long.BYTES);
    items.forEach(item -> ((List<Object>) list).add(plain(item)));
  }

  private static Object plain(Object value) {
    return value == NONE ? null : value;
  }

  private void remember(long key, Object value) {
    spend(OBJECT_COST);
    memo.put(key, value);
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
    if (value instanceof String text) {
      spend(2L * text.length() + OBJECT_COST);
    } else {
      spend(value instanceof Number || value instanceof Boolean ? Long.BYTES * 4 : OBJECT_COST);
    }
  }

  /** Something that is there already. */
  private void again(Object value) {
    stack.add(value);
    spend(Long.BYTES);
  }

  /** Counts what is allocated, before it is where one opcode allocates much. */
  private void spend(long bytes) {
    cost += bytes;
    long read = in.position() - (long) begin;
    if (read > MOST_BYTES) {
      throw damaged("is longer than " + MOST_BYTES + " bytes");
    }
    if (cost > FREE_COST + COST_PER_BYTE * read) {
      throw damaged("makes more objects than a description of tensors needs");
    }
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
    spend(OBJECT_COST + (stack.size() - from) * (long) Long.BYTES);
    List<Object> tail = stack.subList(from, stack.size());
    List<Object> items = new ArrayList<>(tail);
    tail.clear();
    return items;
  }

  private byte[] take(long length) {
    if (length < 0 || length > in.remaining()) {
      throw damaged("announces " + length + " bytes, but has " + in.remaining());
    }
    if (length > MOST_BYTES) {
      throw damaged("has a text of " + length + " bytes");
    }
    byte[] bytes = new byte[(int) length];
    in.get(bytes);
    return bytes;
  }

  private String utf8(long length) {
    return new String(take(length), StandardCharsets.UTF_8);
  }

  private String line() {
    byte[] bytes = new byte[64];
    int length = 0;
    for (byte next = in.get(); next != '\n'; next = in.get()) {
      if (length == bytes.length) {
        bytes = Arrays.copyOf(bytes, 2 * length);
      }
      bytes[length++] = next;
      if (length > MOST_LINE) {
        throw damaged("has a line of more than " + MOST_LINE + " bytes");
      }
    }
    return new String(bytes, 0, length, StandardCharsets.UTF_8);
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
            Locale.ROOT,
            "its pickle has opcode 0x%02x at byte %d, which state dicts do not need; save the state"
                + " dict alone: torch.save(model.state_dict(), path)",
            opcode,
            in.position() - 1));
  }

  private WeightsException damaged(String what) {
    return new WeightsException("its pickle " + what + " (before byte " + in.position() + ")");
  }
}
