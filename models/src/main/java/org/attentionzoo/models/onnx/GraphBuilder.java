package org.attentionzoo.models.onnx;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.attentionzoo.models.onnx.Operand.Content;
import org.attentionzoo.models.onnx.Operand.Scalar;
import org.attentionzoo.models.onnx.Operand.Sizes;
import org.attentionzoo.models.onnx.Operand.Value;
import org.attentionzoo.models.onnx.Recording.Step;

/**
 * Makes one graph of several recordings of a computation, each at other sizes. What is the same in
 * all is a constant; a whole number that differs is written as arithmetic on sizes that the graph
 * knows, which must give the number of every recording; anything else that differs is refused.
 */
final class GraphBuilder {

  private final List<Map<String, Integer>> assignments;
  private final List<Recording> recordings;
  private final Signature signature;
  private final Map<Parameter, String> parameterNames;
  private final GraphProto.Builder graph = GraphProto.newBuilder();
  private final Map<Integer, String> names = new HashMap<>();
  private final Map<Parameter, String> written = new IdentityHashMap<>();
  private final Map<String, String> constants = new HashMap<>();
  private final SizeExpressions expressions;
  private int counter;

  GraphBuilder(
      Signature signature,
      List<Map<String, Integer>> assignments,
      List<Recording> recordings,
      Map<Parameter, String> parameterNames) {
    this.signature = signature;
    this.assignments = assignments;
    this.recordings = recordings;
    this.parameterNames = parameterNames;
    expressions = new SizeExpressions(this::emit, this::integers);
  }

  /**
   * Makes the graph.
   *
   * @param name its name
   * @return the graph with its weights
   * @throws NotExpressibleException if the recordings differ in more than sizes
   */
  GraphProto build(String name) {
    graph.setName(name);
    inputs();
    parameters();
    Recording first = recordings.get(0);
    for (int i = 0; i < first.steps().size(); i++) {
      int at = i;
      step(each(r -> at < r.steps().size() ? r.steps().get(at) : null));
    }
    for (Recording other : recordings) {
      if (other.steps().size() != first.steps().size()) {
        throw new NotExpressibleException(
            "the number of operations follows the sizes: "
                + first.steps().size()
                + " at "
                + assignments.get(0)
                + ", "
                + other.steps().size()
                + " at "
                + assignments.get(recordings.indexOf(other))
                + "; a graph has one form for all sizes");
      }
    }
    outputs();
    return graph.build();
  }

  private <T> List<T> each(Function<Recording, T> part) {
    List<T> parts = new ArrayList<>();
    for (Recording recording : recordings) {
      parts.add(part.apply(recording));
    }
    return parts;
  }

  private void inputs() {
    for (int i = 0; i < signature.inputs().size(); i++) {
      int at = i;
      List<Value> values = each(r -> r.inputs().get(at));
      String name = signature.inputs().get(i);
      names.put(values.get(0).id(), name);
      graph.addInput(info(name, values));
      known(values, name);
    }
  }

  private void parameters() {
    recordings
        .get(0)
        .parameters()
        .forEach(
            (id, parameter) ->
                names.put(
                    id,
                    written.computeIfAbsent(
                        parameter,
                        p -> {
                          String name = parameterNames.getOrDefault(p, "parameter" + id);
                          var array = p.getArray();
                          graph.addInitializer(
                              TensorProto.newBuilder()
                                  .setName(name)
                                  .addAllDims(dims(array.getShape()))
                                  .setDataType(Types.onnx(array.getDataType()))
                                  .setRawData(ByteString.copyFrom(array.toByteBuffer(false))));
                          return name;
                        })));
  }

  private void outputs() {
    int count = recordings.get(0).outputs().size();
    for (int i = 0; i < count; i++) {
      int at = i;
      List<Value> values = each(r -> r.outputs().get(at));
      String name = i < signature.outputs().size() ? signature.outputs().get(i) : "output" + i;
      graph.addNode(
          NodeProto.newBuilder()
              .setOpType("Identity")
              .addInput(names.get(values.get(0).id()))
              .addOutput(name)
              .setName("output/" + name));
      graph.addOutput(info(name, values));
    }
  }

  private void step(List<Step> same) {
    Step first = same.get(0);
    for (int i = 1; i < same.size(); i++) {
      Step other = same.get(i);
      if (other == null
          || !other.operator().equals(first.operator())
          || other.operands().size() != first.operands().size()
          || !alike(other.attributes(), first.attributes())) {
        throw new NotExpressibleException(
            "what is computed in "
                + first.origin()
                + " follows the sizes: "
                + first.operator()
                + " at "
                + assignments.get(0)
                + ", "
                + (other == null ? "nothing" : other.operator() + " in " + other.origin())
                + " at "
                + assignments.get(i)
                + "; a graph has one form for all sizes");
      }
    }
    List<String> inputs = new ArrayList<>();
    for (int i = 0; i < first.operands().size(); i++) {
      int at = i;
      inputs.add(operand(first, same.stream().map(s -> s.operands().get(at)).toList()));
    }
    NodeProto.Builder node =
        NodeProto.newBuilder()
            .setOpType(first.operator())
            .setName(first.origin() + "/" + first.operator() + "_" + counter++)
            .addAllInput(inputs);
    for (int i = 0; i < first.results().size(); i++) {
      int at = i;
      String name = "v" + first.results().get(i).id();
      names.put(first.results().get(i).id(), name);
      node.addOutput(name);
      known(same.stream().map(s -> s.results().get(at)).toList(), name);
    }
    first.attributes().forEach((key, value) -> node.addAttribute(attribute(key, value)));
    graph.addNode(node);
  }

  private static boolean alike(Map<String, Object> a, Map<String, Object> b) {
    return a.keySet().equals(b.keySet())
        && a.keySet().stream().allMatch(key -> equal(a.get(key), b.get(key)));
  }

  private static boolean equal(Object a, Object b) {
    return a instanceof long[] x && b instanceof long[] y ? Arrays.equals(x, y) : a.equals(b);
  }

  private void known(List<Value> values, String name) {
    if (values.stream().anyMatch(v -> v.shape() == null)) {
      return;
    }
    int rank = values.get(0).shape().dimension();
    for (Value value : values) {
      if (value.shape().dimension() != rank) {
        throw new NotExpressibleException("the number of axes of a result follows the sizes");
      }
    }
    for (int axis = 0; axis < rank; axis++) {
      int at = axis;
      expressions.know(values.stream().mapToLong(v -> v.shape().get(at)).toArray(), name, axis);
    }
  }

  private String operand(Step step, List<Operand> same) {
    Operand first = same.get(0);
    for (Operand other : same) {
      if (other.getClass() != first.getClass()) {
        throw follows(step, "an operand");
      }
    }
    if (first instanceof Operand.Absent) {
      return "";
    }
    if (first instanceof Value value) {
      if (same.stream().anyMatch(v -> ((Value) v).id() != value.id())) {
        throw follows(step, "an operand");
      }
      return names.get(value.id());
    }
    if (first instanceof Content content) {
      for (Operand operand : same) {
        Content other = (Content) operand;
        if (!other.shape().equals(content.shape())
            || !Arrays.equals(other.bytes(), content.bytes())) {
          throw follows(step, "an array that Java code fills");
        }
      }
      return tensor(content.type(), content.shape(), content.bytes());
    }
    if (first instanceof Scalar scalar) {
      return scalar(step, scalar.type(), same.stream().map(s -> ((Scalar) s).number()).toList());
    }
    return sizes(step, same.stream().map(s -> ((Sizes) s).numbers()).toList());
  }

  private String scalar(Step step, DataType type, List<Double> numbers) {
    double first = numbers.get(0);
    if (numbers.stream().allMatch(n -> n == first || (Double.isNaN(n) && Double.isNaN(first)))) {
      return tensor(type, new Shape(), bytes(type, first));
    }
    if (numbers.stream().anyMatch(n -> n != Math.rint(n))) {
      throw follows(step, "the number " + numbers);
    }
    long[] wanted = numbers.stream().mapToLong(Double::longValue).toArray();
    String one = expression(step, wanted);
    String alone = emit("Reshape", List.of(one, integers(new long[0])), Map.of());
    return type == DataType.INT64
        ? alone
        : emit("Cast", List.of(alone), Map.of("to", (long) Types.onnx(type)));
  }

  private String sizes(Step step, List<long[]> numbers) {
    int count = numbers.get(0).length;
    if (numbers.stream().anyMatch(n -> n.length != count)) {
      throw follows(step, "a list of sizes");
    }
    if (numbers.stream().allMatch(n -> Arrays.equals(n, numbers.get(0)))) {
      return integers(numbers.get(0));
    }
    List<String> elements = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int at = i;
      elements.add(expression(step, numbers.stream().mapToLong(n -> n[at]).toArray()));
    }
    return elements.size() == 1 ? elements.get(0) : emit("Concat", elements, Map.of("axis", 0L));
  }

  private String expression(Step step, long... wanted) {
    return expressions
        .of(wanted)
        .orElseThrow(() -> follows(step, "the number " + Arrays.toString(wanted)));
  }

  private NotExpressibleException follows(Step step, String what) {
    return new NotExpressibleException(
        what
            + " in "
            + step.origin()
            + " ("
            + step.operator()
            + ") follows the sizes "
            + assignments
            + " in a way that is neither a size of a recorded array nor a sum or product of such");
  }

  private String emit(String operator, List<String> inputs, Map<String, Object> attributes) {
    String name = "s" + counter++;
    NodeProto.Builder node =
        NodeProto.newBuilder()
            .setOpType(operator)
            .setName("sizes/" + operator + "_" + name)
            .addAllInput(inputs)
            .addOutput(name);
    attributes.forEach((key, value) -> node.addAttribute(attribute(key, value)));
    graph.addNode(node);
    return name;
  }

  /** A constant int64 tensor of one axis; of none if there are no numbers, which is a shape. */
  private String integers(long... numbers) {
    ByteBuffer bytes = ByteBuffer.allocate(8 * numbers.length).order(ByteOrder.LITTLE_ENDIAN);
    for (long number : numbers) {
      bytes.putLong(number);
    }
    return tensor(DataType.INT64, new Shape(numbers.length), bytes.array());
  }

  private String tensor(DataType type, Shape shape, byte[] bytes) {
    ByteString content = ByteString.copyFrom(bytes);
    String key = type + " " + shape + " " + content.hashCode() + " " + Arrays.toString(bytes);
    return constants.computeIfAbsent(
        key,
        k -> {
          String name = "c" + counter++;
          graph.addInitializer(
              TensorProto.newBuilder()
                  .setName(name)
                  .addAllDims(dims(shape))
                  .setDataType(Types.onnx(type))
                  .setRawData(content));
          return name;
        });
  }

  private static byte[] bytes(DataType type, double number) {
    ByteBuffer bytes = ByteBuffer.allocate(type.getNumOfBytes()).order(ByteOrder.LITTLE_ENDIAN);
    switch (type) {
      case FLOAT64 -> bytes.putDouble(number);
      case FLOAT32 -> bytes.putFloat((float) number);
      case INT64 -> bytes.putLong((long) number);
      case INT32 -> bytes.putInt((int) number);
      case INT8, UINT8 -> bytes.put((byte) number);
      case BOOLEAN -> bytes.put((byte) (number == 0 ? 0 : 1));
      default -> throw new NotExpressibleException("numbers of type " + type + " are not exported");
    }
    return bytes.array();
  }

  private static List<Long> dims(Shape shape) {
    return Arrays.stream(shape.getShape()).boxed().toList();
  }

  private ValueInfoProto info(String name, List<Value> values) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (int axis = 0; axis < values.get(0).shape().dimension(); axis++) {
      int at = axis;
      long[] seen = values.stream().mapToLong(v -> v.shape().get(at)).toArray();
      TensorShapeProto.Dimension.Builder dimension = TensorShapeProto.Dimension.newBuilder();
      if (Arrays.stream(seen).allMatch(s -> s == seen[0])) {
        dimension.setDimValue(seen[0]);
      } else {
        dimension.setDimParam(sizeName(name, axis, seen));
      }
      shape.addDim(dimension);
    }
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(
            TypeProto.newBuilder()
                .setTensorType(
                    TypeProto.Tensor.newBuilder()
                        .setElemType(Types.onnx(values.get(0).type()))
                        .setShape(shape)))
        .build();
  }

  private String sizeName(String name, int axis, long... seen) {
    for (Signature.Size size : signature.sizes()) {
      long[] given = assignments.stream().mapToLong(a -> a.get(size.name())).toArray();
      if (Arrays.equals(given, seen)) {
        return size.name();
      }
    }
    return name + "_" + axis;
  }

  private static AttributeProto attribute(String name, Object value) {
    AttributeProto.Builder attribute = AttributeProto.newBuilder().setName(name);
    if (value instanceof Long number) {
      attribute.setType(AttributeProto.AttributeType.INT).setI(number);
    } else if (value instanceof Float number) {
      attribute.setType(AttributeProto.AttributeType.FLOAT).setF(number);
    } else if (value instanceof String text) {
      attribute.setType(AttributeProto.AttributeType.STRING).setS(ByteString.copyFromUtf8(text));
    } else {
      attribute.setType(AttributeProto.AttributeType.INTS);
      for (long number : (long[]) value) {
        attribute.addInts(number);
      }
    }
    return attribute.build();
  }
}
