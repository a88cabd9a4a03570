package org.attentionzoo.models.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.index.dim.NDIndexAll;
import ai.djl.ndarray.index.dim.NDIndexElement;
import ai.djl.ndarray.index.dim.NDIndexFixed;
import ai.djl.ndarray.index.dim.NDIndexSlice;
import ai.djl.ndarray.index.dim.NDIndexTake;
import ai.djl.ndarray.internal.NDArrayEx;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.attentionzoo.models.onnx.Operand.Scalar;
import org.attentionzoo.models.onnx.Operand.Sizes;
import org.attentionzoo.models.onnx.Operand.Value;

/**
 * An array whose operations are recorded. Each is also done on the real array behind it; where
 * libtorch and ONNX mean different things by a name, what libtorch means is recorded.
 */
final class TracedArray implements InvocationHandler {

  /** What is asked about an array without computing anything. */
  private static final Set<String> FACTS =
      Set.of(
          "getShape",
          "getDataType",
          "getDevice",
          "getSparseFormat",
          "size",
          "isScalar",
          "isEmpty",
          "isSparse",
          "isReleased",
          "getUid",
          "getName",
          "shapeEquals");

  /** What manages memory, of which a graph has none. */
  private static final Set<String> MEMORY =
      Set.of("attach", "tempAttach", "returnResource", "detach", "close", "setName");

  /** Operations of one array that ONNX knows, under other names. */
  private static final Map<String, String> UNARY =
      Map.ofEntries(
          Map.entry("neg", "Neg"),
          Map.entry("abs", "Abs"),
          Map.entry("sqrt", "Sqrt"),
          Map.entry("floor", "Floor"),
          Map.entry("ceil", "Ceil"),
          Map.entry("round", "Round"),
          Map.entry("exp", "Exp"),
          Map.entry("log", "Log"),
          Map.entry("sin", "Sin"),
          Map.entry("cos", "Cos"),
          Map.entry("tan", "Tan"),
          Map.entry("asin", "Asin"),
          Map.entry("acos", "Acos"),
          Map.entry("atan", "Atan"),
          Map.entry("sinh", "Sinh"),
          Map.entry("cosh", "Cosh"),
          Map.entry("tanh", "Tanh"),
          Map.entry("erf", "Erf"),
          Map.entry("sign", "Sign"),
          Map.entry("isNaN", "IsNaN"),
          Map.entry("isInfinite", "IsInf"));

  /** Arithmetic of two arrays in the type of the result. */
  private static final Map<String, String> ARITHMETIC =
      Map.of(
          "add", "Add", "sub", "Sub", "mul", "Mul", "div", "Div", "pow", "Pow", "maximum", "Max",
          "minimum", "Min");

  private static final Map<String, String> COMPARISONS =
      Map.of(
          "eq",
          "Equal",
          "gt",
          "Greater",
          "gte",
          "GreaterOrEqual",
          "lt",
          "Less",
          "lte",
          "LessOrEqual");

  private static final Map<String, String> LOGIC =
      Map.of("logicalAnd", "And", "logicalOr", "Or", "logicalXor", "Xor");

  private static final Map<String, String> REDUCTIONS =
      Map.of(
          "sum",
          "ReduceSum",
          "mean",
          "ReduceMean",
          "max",
          "ReduceMax",
          "min",
          "ReduceMin",
          "prod",
          "ReduceProd");

  private final Trace trace;
  private final NDArray real;
  private final Operand operand;

  TracedArray(Trace trace, NDArray real, Operand operand) {
    this.trace = trace;
    this.real = real;
    this.operand = operand;
  }

  static TracedArray of(Object array) {
    return array != null
            && Proxy.isProxyClass(array.getClass())
            && Proxy.getInvocationHandler(array) instanceof TracedArray handler
        ? handler
        : null;
  }

  Operand operand() {
    return operand;
  }

  NDArray real() {
    return real;
  }

  @Override
  public Object invoke(Object proxy, Method method, Object[] given) throws Throwable {
    Object[] arguments = given == null ? new Object[0] : given;
    String name = method.getName();
    NDArray self = proxy instanceof NDArray array ? array : null;
    if (method.getDeclaringClass() == Object.class) {
      return switch (name) {
        case "hashCode" -> System.identityHashCode(proxy);
        case "equals" -> proxy == arguments[0];
        default -> "recorded array " + real.getShape() + " " + real.getDataType();
      };
    }
    if (FACTS.contains(name)) {
      return trace.real(real, method, arguments);
    }
    if (MEMORY.contains(name)) {
      return null;
    }
    Object recorded = recorded(self, name, method, arguments);
    if (recorded != null) {
      return recorded;
    }
    if (method.isDefault() && !name.startsWith("to") && !name.startsWith("set")) {
      return InvocationHandler.invokeDefault(proxy, method, arguments);
    }
    String what = "NDArray." + name;
    if (name.matches(
        "to.*Array|toByteBuffer|get(Float|Double|Long|Int|Byte|Boolean)|contentEquals")) {
      throw trace.refuse(what + " reads values, on which a graph's form cannot depend,");
    }
    if (name.matches("nonzero|booleanMask|unique")) {
      throw trace.refuse(what + " gives a shape that depends on values");
    }
    if (name.matches("set|.*i") && !name.equals("take")) {
      throw trace.refuse(what + " changes an array in place, which a graph cannot,");
    }
    throw trace.refuse(what + " has no ONNX operation here; it is called");
  }

  private Object recorded(NDArray self, String name, Method method, Object... arguments)
      throws Throwable {
    if (UNARY.containsKey(name) && arguments.length == 0) {
      return trace.node(result(method), UNARY.get(name), List.of(operand));
    }
    if (ARITHMETIC.containsKey(name) && arguments.length == 1) {
      NDArray result = result(method, arguments);
      DataType type = result.getDataType();
      return trace.node(
          result,
          ARITHMETIC.get(name),
          List.of(trace.cast(operand, type), other(arguments[0], type)));
    }
    if ((COMPARISONS.containsKey(name) || name.equals("neq")) && arguments.length == 1) {
      NDArray result = result(method, arguments);
      DataType type = common(arguments[0]);
      List<Operand> both = List.of(trace.cast(operand, type), other(arguments[0], type));
      return name.equals("neq")
          ? trace.node(result, "Not", List.of(trace.inner("Equal", DataType.BOOLEAN, both)))
          : trace.node(result, COMPARISONS.get(name), both);
    }
    if (LOGIC.containsKey(name)) {
      return trace.node(
          result(method, arguments),
          LOGIC.get(name),
          List.of(trace.cast(operand, DataType.BOOLEAN), other(arguments[0], DataType.BOOLEAN)));
    }
    if (REDUCTIONS.containsKey(name)) {
      return reduce(REDUCTIONS.get(name), method, arguments);
    }
    DataType type = real.getDataType();
    return switch (name) {
      case "getManager" -> trace.manager();
      case "getNDArrayInternal" ->
          Trace.proxy(NDArrayEx.class, new TracedNetwork(trace, self, real));
      case "stopGradient", "duplicate" -> self;
      case "toDevice" -> self;
      case "hasGradient" -> false;
      case "toType" ->
          arguments[0] == type
              ? self
              : trace.node(
                  result(method, arguments[0], true),
                  "Cast",
                  List.of(operand),
                  "to",
                  (long) Types.onnx((DataType) arguments[0]));
      case "square" -> trace.node(result(method), "Mul", List.of(operand, operand));
      case "log2" -> scaledLog(result(method), 2);
      case "log10" -> scaledLog(result(method), 10);
      case "trunc" -> {
        Value size =
            trace.inner("Floor", type, List.of(trace.inner("Abs", type, List.of(operand))));
        Value sign = trace.inner("Sign", type, List.of(operand));
        yield trace.node(result(method), "Mul", List.of(size, sign));
      }
      case "mod" -> remainder(result(method, arguments), arguments[0]);
      case "clip" -> {
        NDArray result = result(method, arguments);
        Operand x = trace.cast(operand, result.getDataType());
        Value high =
            trace.inner(
                "Max", result.getDataType(), List.of(x, other(arguments[0], result.getDataType())));
        yield trace.node(result, "Min", List.of(high, other(arguments[1], result.getDataType())));
      }
      case "logicalNot" ->
          trace.node(result(method), "Not", List.of(trace.cast(operand, DataType.BOOLEAN)));
      case "softmax" ->
          trace.node(
              result(method, arguments), "Softmax", List.of(operand), "axis", axis(arguments[0]));
      case "logSoftmax" ->
          trace.node(
              result(method, arguments),
              "LogSoftmax",
              List.of(operand),
              "axis",
              axis(arguments[0]));
      case "cumSum" -> {
        int along = arguments.length == 0 ? 0 : (Integer) arguments[0];
        NDArray result = result(method, arguments);
        yield trace.node(
            result,
            "CumSum",
            List.of(trace.cast(operand, result.getDataType()), new Scalar(along, DataType.INT64)));
      }
      case "norm" -> norm(result(method, arguments), arguments);
      case "normalize" ->
          arguments.length == 3 ? normalize(result(method, arguments), arguments) : null;
      case "matMul", "batchMatMul", "dot" -> {
        NDArray result = result(method, arguments);
        yield trace.node(
            result,
            "MatMul",
            List.of(
                trace.cast(operand, result.getDataType()),
                other(arguments[0], result.getDataType())));
      }
      case "argMax" -> extreme("ArgMax", method, arguments);
      case "argMin" -> extreme("ArgMin", method, arguments);
      case "topK" -> arguments.length == 4 ? topK(method, arguments) : null;
      case "sort" -> {
        int along = normal(arguments.length == 0 ? -1 : (Integer) arguments[0]);
        NDArray result = result(method, arguments);
        Value sorted = trace.value(real.getShape(), type);
        order(along, sorted, trace.value(real.getShape(), DataType.INT64));
        yield trace.wrap(result, sorted);
      }
      case "argSort" -> arguments.length == 2 ? argSort(method, arguments) : null;
      case "oneHot" -> oneHot(method, arguments);
      case "gather" ->
          trace.node(
              result(method, arguments),
              "GatherElements",
              List.of(operand, index(arguments[0])),
              "axis",
              axis(arguments[1]));
      case "take" -> {
        Object at = arguments[arguments.length - 1];
        Value flat = trace.inner("Reshape", type, List.of(operand, new Sizes(-1)));
        NDArray result = real.take((NDArray) trace.unwrap(at));
        yield trace.node(result, "Gather", List.of(flat, index(at)), "axis", 0L);
      }
      case "get" -> {
        Object last = arguments.length == 0 ? null : arguments[arguments.length - 1];
        yield last instanceof NDIndex index ? get(index) : null;
      }
      case "split" -> arguments.length == 2 ? split(method, arguments) : null;
      case "expandDims" ->
          trace.node(
              result(method, arguments),
              "Unsqueeze",
              List.of(operand, new Sizes((Integer) arguments[0])));
      case "squeeze" -> squeeze(method, self, arguments);
      case "swapAxes" -> swap((Integer) arguments[0], (Integer) arguments[1]);
      case "transpose" -> transpose(arguments);
      case "flip" -> flip(method, (int[]) arguments[0]);
      case "reshape" ->
          arguments[0] instanceof Shape shape
              ? trace.node(result(method, arguments), "Reshape", List.of(operand, reshaped(shape)))
              : null;
      case "flatten" -> reshape(result(method, arguments));
      case "broadcast" -> {
        if (!(arguments[0] instanceof Shape)) {
          yield null;
        }
        NDArray result = result(method, arguments);
        yield trace.node(result, "Expand", List.of(operand, Trace.sizes(result.getShape())));
      }
      case "repeat" ->
          arguments.length == 2 ? repeat((Integer) arguments[0], (Long) arguments[1]) : null;
      case "tile" -> arguments[0] instanceof long[] times ? tile(times) : null;
      case "pad" -> pad(method, (Shape) arguments[0], (Double) arguments[1]);
      default -> null;
    };
  }

  private NDArray result(Method method, Object... arguments) throws Throwable {
    return (NDArray) trace.real(real, method, arguments);
  }

  /** The other array or number of an operation, in a type. */
  private Operand other(Object argument, DataType type) {
    return argument instanceof Number number
        ? new Scalar(number.doubleValue(), type)
        : trace.cast(trace.operand(argument), type);
  }

  /** Positions; torch takes int64 only. */
  private Operand index(Object argument) {
    return trace.operand(argument);
  }

  /** The type in which libtorch compares. */
  private DataType common(Object argument) {
    if (argument instanceof Number number) {
      try (NDArray sum = real.add(number)) {
        return sum.getDataType();
      }
    }
    NDArray other = (NDArray) trace.unwrap(argument);
    if (other.getDataType() == real.getDataType()) {
      return real.getDataType();
    }
    try (NDArray sum = real.add(other)) {
      return sum.getDataType();
    }
  }

  private int rank() {
    return real.getShape().dimension();
  }

  private int normal(int axis) {
    return axis < 0 ? axis + rank() : axis;
  }

  private static Long axis(Object axis) {
    return (long) (Integer) axis;
  }

  private NDArray scaledLog(NDArray result, double base) {
    DataType type = result.getDataType();
    Value natural = trace.inner("Log", type, List.of(trace.cast(operand, type)));
    return trace.node(result, "Mul", List.of(natural, new Scalar(1 / Math.log(base), type)));
  }

  /** The remainder has the divisor's sign. */
  private NDArray remainder(NDArray result, Object divisor) {
    DataType type = result.getDataType();
    Operand a = trace.cast(operand, type);
    Operand b = other(divisor, type);
    if (!type.isFloating()) {
      return trace.node(result, "Mod", List.of(a, b), "fmod", 0L);
    }
    Value times = trace.inner("Floor", type, List.of(trace.inner("Div", type, List.of(a, b))));
    Value whole = trace.inner("Mul", type, List.of(times, b));
    return trace.node(result, "Sub", List.of(a, whole));
  }

  private NDArray reduce(String operator, Method method, Object... arguments) throws Throwable {
    if (arguments.length == 1) {
      return null;
    }
    boolean all = arguments.length == 0;
    if (!all && !(arguments[0] instanceof int[])) {
      return null;
    }
    NDArray result = result(method, arguments);
    Operand x = trace.cast(operand, result.getDataType());
    if (all && rank() == 0) {
      return trace.node(result, "Identity", List.of(x));
    }
    long[] axes =
        all
            ? IntStream.range(0, rank()).asLongStream().toArray()
            : Arrays.stream((int[]) arguments[0]).asLongStream().toArray();
    long keep = !all && (Boolean) arguments[1] ? 1 : 0;
    return operator.equals("ReduceSum")
        ? trace.node(result, operator, List.of(x, new Sizes(axes)), "keepdims", keep)
        : trace.node(result, operator, List.of(x), "axes", axes, "keepdims", keep);
  }

  private NDArray norm(NDArray result, Object... arguments) {
    if (arguments.length == 3) {
      int order = (Integer) arguments[0];
      if (order != 1 && order != 2) {
        throw trace.refuse(
            "NDArray.norm of order " + order + " has no ONNX operation here; called");
      }
      long[] axes = Arrays.stream((int[]) arguments[1]).asLongStream().toArray();
      long keep = (Boolean) arguments[2] ? 1 : 0;
      return trace.node(
          result, "ReduceL" + order, List.of(operand), "axes", axes, "keepdims", keep);
    }
    if (arguments.length == 1 && arguments[0] instanceof Boolean keep) {
      return trace.node(result, "ReduceL2", List.of(operand), "keepdims", keep ? 1L : 0L);
    }
    return null;
  }

  private NDArray normalize(NDArray result, Object... arguments) {
    if ((Double) arguments[0] != 2) {
      throw trace.refuse("NDArray.normalize other than of order 2 is not exported; it is called");
    }
    DataType type = result.getDataType();
    Value size =
        trace.inner(
            "ReduceL2",
            type,
            List.of(operand),
            "axes",
            new long[] {(Long) arguments[1]},
            "keepdims",
            1L);
    Value bounded =
        trace.inner("Max", type, List.of(size, new Scalar((Double) arguments[2], type)));
    return trace.node(result, "Div", List.of(operand, bounded));
  }

  private NDArray extreme(String operator, Method method, Object... arguments) throws Throwable {
    NDArray result = result(method, arguments);
    if (arguments.length == 0) {
      Value flat = trace.inner("Reshape", real.getDataType(), List.of(operand, new Sizes(-1)));
      return trace.node(result, operator, List.of(flat), "axis", 0L, "keepdims", 0L);
    }
    return trace.node(
        result, operator, List.of(operand), "axis", axis(arguments[0]), "keepdims", 0L);
  }

  private NDList topK(Method method, Object... arguments) throws Throwable {
    NDList results = (NDList) trace.real(real, method, arguments);
    Value values = trace.value(results.get(0).getShape(), results.get(0).getDataType());
    Value places = trace.value(results.get(1).getShape(), DataType.INT64);
    trace.add(
        "TopK",
        List.of(operand, new Sizes((Integer) arguments[0])),
        List.of(values, places),
        "axis",
        axis(arguments[1]),
        "largest",
        (Boolean) arguments[2] ? 1L : 0L,
        "sorted",
        (Boolean) arguments[3] ? 1L : 0L);
    return new NDList(trace.wrap(results.get(0), values), trace.wrap(results.get(1), places));
  }

  /** All values along an axis, least first. */
  private void order(int along, Value sorted, Value places) {
    trace.add(
        "TopK",
        List.of(operand, new Sizes(real.getShape().get(along))),
        List.of(sorted, places),
        "axis",
        (long) along,
        "largest",
        0L,
        "sorted",
        1L);
  }

  private NDArray argSort(Method method, Object... arguments) throws Throwable {
    int along = normal((Integer) arguments[0]);
    boolean ascending = (Boolean) arguments[1];
    NDArray result = result(method, arguments);
    Value places = trace.value(real.getShape(), DataType.INT64);
    order(along, trace.value(real.getShape(), real.getDataType()), places);
    return ascending
        ? trace.wrap(result, places)
        : trace.node(result, "Slice", backwards(places, along));
  }

  private NDArray oneHot(Method method, Object... arguments) throws Throwable {
    if (arguments.length > 2) {
      throw trace.refuse("NDArray.oneHot with values of its own is not exported; it is called");
    }
    NDArray result = result(method, arguments);
    DataType type = result.getDataType();
    Operand.Content pair;
    try (NDArray values = real.getManager().create(new float[] {0, 1}).toType(type, true)) {
      pair = new Operand.Content(new Shape(2), type, Trace.bytes(values));
    }
    return trace.node(
        result, "OneHot", List.of(operand, new Sizes((Integer) arguments[0]), pair), "axis", -1L);
  }

  private NDArray get(NDIndex index) {
    if (index.getRank() == 0) {
      return trace.wrap(real.get(index), operand);
    }
    List<NDIndexElement> elements = new ArrayList<>(index.getIndices());
    if (elements.size() == 1 && elements.get(0) instanceof NDIndexTake take) {
      NDArray result = real.get((NDArray) trace.unwrap(take.getIndex()));
      return trace.node(result, "Gather", List.of(operand, index(take.getIndex())), "axis", 0L);
    }
    int missing = rank() - elements.size();
    int ellipsis = index.getEllipsisIndex() < 0 ? elements.size() : index.getEllipsisIndex();
    for (int i = 0; i < missing; i++) {
      elements.add(ellipsis, new NDIndexAll());
    }
    List<Long> starts = new ArrayList<>();
    List<Long> ends = new ArrayList<>();
    List<Long> axes = new ArrayList<>();
    List<Long> steps = new ArrayList<>();
    List<long[]> fixed = new ArrayList<>();
    for (int axis = 0; axis < elements.size(); axis++) {
      NDIndexElement element = elements.get(axis);
      if (element instanceof NDIndexFixed one) {
        fixed.add(new long[] {axis, one.getIndex()});
      } else if (element instanceof NDIndexSlice slice) {
        starts.add(slice.getMin() == null ? 0 : slice.getMin());
        ends.add(slice.getMax() == null ? Long.MAX_VALUE : slice.getMax());
        axes.add((long) axis);
        steps.add(slice.getStep() == null ? 1 : slice.getStep());
      } else if (!(element instanceof NDIndexAll)) {
        throw trace.refuse(
            "an index of " + element.getClass().getSimpleName() + " is not exported; it is used");
      }
    }
    NDArray result = real.get(index);
    if (starts.isEmpty() && fixed.isEmpty()) {
      return trace.wrap(result, operand);
    }
    DataType type = real.getDataType();
    if (!starts.isEmpty()) {
      List<Operand> sliced =
          List.of(operand, sizes(starts), sizes(ends), sizes(axes), sizes(steps));
      if (fixed.isEmpty()) {
        return trace.node(result, "Slice", sliced);
      }
      return fixed(result, trace.inner("Slice", type, sliced), fixed);
    }
    return fixed(result, operand, fixed);
  }

  /** Takes one position of some axes, the last one first so that axes keep their numbers. */
  private NDArray fixed(NDArray result, Operand from, List<long[]> places) {
    Operand x = from;
    for (int i = places.size() - 1; i >= 0; i--) {
      List<Operand> operands = List.of(x, new Scalar(places.get(i)[1], DataType.INT64));
      Object[] axis = {"axis", places.get(i)[0]};
      if (i == 0) {
        return trace.node(result, "Gather", operands, axis);
      }
      x = trace.inner("Gather", real.getDataType(), operands, axis);
    }
    throw new AssertionError();
  }

  private static Sizes sizes(List<Long> numbers) {
    return new Sizes(numbers.stream().mapToLong(Long::longValue).toArray());
  }

  private NDList split(Method method, Object... arguments) throws Throwable {
    int axis = normal((Integer) arguments[1]);
    NDList parts = (NDList) trace.real(real, method, arguments[0], axis);
    NDList results = new NDList();
    long from = 0;
    for (NDArray part : parts) {
      long to = from + part.getShape().get(axis);
      boolean last = results.size() == parts.size() - 1;
      results.add(
          trace.node(
              part,
              "Slice",
              List.of(
                  operand,
                  new Sizes(from),
                  new Sizes(last ? Long.MAX_VALUE : to),
                  new Sizes(axis))));
      from = to;
    }
    return results;
  }

  private NDArray squeeze(Method method, NDArray self, Object... arguments) throws Throwable {
    int[] axes;
    if (arguments.length == 0) {
      axes = IntStream.range(0, rank()).filter(i -> real.getShape().get(i) == 1).toArray();
    } else if (arguments[0] instanceof int[] several) {
      axes = several;
    } else {
      int axis = normal((Integer) arguments[0]);
      axes = real.getShape().get(axis) == 1 ? new int[] {axis} : new int[0];
    }
    if (axes.length == 0) {
      return self;
    }
    long[] wide = Arrays.stream(axes).asLongStream().toArray();
    return trace.node(result(method, arguments), "Squeeze", List.of(operand, new Sizes(wide)));
  }

  private NDArray swap(int first, int second) {
    int[] order = IntStream.range(0, rank()).toArray();
    order[normal(first)] = normal(second);
    order[normal(second)] = normal(first);
    return transpose((Object) order);
  }

  private NDArray transpose(Object... arguments) {
    int[] order = arguments.length == 0 ? new int[0] : ((int[]) arguments[0]).clone();
    if (order.length == 0) {
      order = IntStream.range(0, rank()).map(i -> rank() - 1 - i).toArray();
    }
    int[] normal = Arrays.stream(order).map(this::normal).toArray();
    return trace.node(
        real.transpose(normal),
        "Transpose",
        List.of(operand),
        "perm",
        Arrays.stream(normal).asLongStream().toArray());
  }

  private NDArray flip(Method method, int... axes) throws Throwable {
    NDArray result = result(method, (Object) axes);
    Operand x = operand;
    for (int i = 0; i < axes.length - 1; i++) {
      x = trace.inner("Slice", real.getDataType(), backwards(x, normal(axes[i])));
    }
    return axes.length == 0
        ? trace.wrap(result, operand)
        : trace.node(result, "Slice", backwards(x, normal(axes[axes.length - 1])));
  }

  private static List<Operand> backwards(Operand x, int axis) {
    return List.of(x, new Sizes(-1), new Sizes(Long.MIN_VALUE + 1), new Sizes(axis), new Sizes(-1));
  }

  /** Sizes to reshape to; ONNX reads 0 as "as before" and libtorch as 0. */
  private Operand reshaped(Shape shape) {
    if (Arrays.stream(shape.getShape()).anyMatch(size -> size == 0)) {
      throw trace.refuse("an empty array is made by NDArray.reshape");
    }
    return Trace.sizes(shape);
  }

  private NDArray reshape(NDArray result) {
    return trace.node(result, "Reshape", List.of(operand, reshaped(result.getShape())));
  }

  /** Each value so many times in a row. */
  private NDArray repeat(int given, long times) {
    int axis = normal(given);
    NDArray result = real.repeat(axis, times);
    DataType type = real.getDataType();
    Value wide = trace.inner("Unsqueeze", type, List.of(operand, new Sizes(axis + 1L)));
    long[] copies = new long[rank() + 1];
    Arrays.fill(copies, 1);
    copies[axis + 1] = times;
    Value tiled = trace.inner("Tile", type, List.of(wide, new Sizes(copies)));
    return trace.node(result, "Reshape", List.of(tiled, Trace.sizes(result.getShape())));
  }

  private NDArray tile(long... times) {
    if (times.length > rank()) {
      throw trace.refuse("NDArray.tile with new axes is not exported; it is called");
    }
    long[] copies = new long[rank()];
    Arrays.fill(copies, 1);
    System.arraycopy(times, 0, copies, rank() - times.length, times.length);
    return trace.node(real.tile(times), "Tile", List.of(operand, new Sizes(copies)));
  }

  /** DJL's pairs of widths begin with the last axis. */
  private NDArray pad(Method method, Shape widths, double value) throws Throwable {
    NDArray result = result(method, widths, value);
    long[] pads = new long[2 * rank()];
    for (int pair = 0; pair < widths.dimension() / 2; pair++) {
      int axis = rank() - 1 - pair;
      pads[axis] = widths.get(2 * pair);
      pads[rank() + axis] = widths.get(2 * pair + 1);
    }
    return trace.node(
        result,
        "Pad",
        List.of(operand, new Sizes(pads), new Scalar(value, real.getDataType())),
        "mode",
        "constant");
  }
}
