package org.attentionzoo.models.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.internal.NDArrayEx;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.attentionzoo.models.onnx.Operand.Scalar;
import org.attentionzoo.models.onnx.Operand.Sizes;
import org.attentionzoo.models.onnx.Operand.Value;

/** The operations of networks that DJL keeps beside those of arrays, recorded. */
final class TracedNetwork implements InvocationHandler {

  private final Trace trace;
  private final NDArray self;
  private final NDArray real;
  private final NDArrayEx network;

  TracedNetwork(Trace trace, NDArray self, NDArray real) {
    this.trace = trace;
    this.self = self;
    this.real = real;
    network = real.getNDArrayInternal();
  }

  @Override
  public Object invoke(Object proxy, Method method, Object[] given) throws Throwable {
    Object[] a = given == null ? new Object[0] : given;
    String name = method.getName();
    Operand x = trace.operand(self);
    Object recorded =
        switch (name) {
          case "getArray" -> self;
          case "relu" -> unary("Relu", method);
          case "sigmoid" -> unary("Sigmoid", method);
          case "tanh" -> unary("Tanh", method);
          case "softPlus" -> unary("Softplus", method);
          case "softSign" -> unary("Softsign", method);
          case "selu" -> unary("Selu", method);
          case "leakyRelu" -> unary("LeakyRelu", method, a);
          case "elu" -> unary("Elu", method, a);
          case "gelu" -> gelu(result(method), x);
          case "linear" -> linear(method, a);
          case "embedding" ->
              new NDList(
                  trace.node(
                      first(method, a),
                      "Gather",
                      List.of(trace.operand(a[1]), trace.operand(a[0])),
                      "axis",
                      0L));
          case "layerNorm" -> layerNorm(method, a);
          case "batchNorm" -> batchNorm(method, a);
          case "convolution" -> convolution(method, a);
          case "maxPool" -> pool("MaxPool", method, a);
          case "avgPool" -> pool("AveragePool", method, a);
          case "globalAvgPool" -> global("ReduceMean", method);
          case "globalMaxPool" -> global("ReduceMax", method);
          case "dropout" -> {
            if ((Boolean) a[2]) {
              throw trace.refuse("dropout acts, which an exported model never does,");
            }
            yield new NDList((NDArray) a[0]);
          }
          case "where" -> where(method, a);
          case "concat" -> a.length == 2 ? concat((NDList) a[0], (Integer) a[1]) : null;
          case "stack" -> a.length == 2 ? stack((NDList) a[0], (Integer) a[1]) : null;
          default -> null;
        };
    if (recorded != null) {
      return recorded;
    }
    if (method.isDefault()) {
      return InvocationHandler.invokeDefault(proxy, method, a);
    }
    throw trace.refuse("NDArrayEx." + name + " has no ONNX operation here; it is called");
  }

  private NDArray result(Method method, Object... arguments) throws Throwable {
    return (NDArray) trace.real(network, method, arguments);
  }

  private NDArray first(Method method, Object... arguments) throws Throwable {
    return ((NDList) trace.real(network, method, arguments)).head();
  }

  private NDArray unary(String operator, Method method, Object... alpha) throws Throwable {
    Object[] named = alpha.length == 0 ? new Object[0] : new Object[] {"alpha", alpha[0]};
    return trace.node(result(method, alpha), operator, List.of(trace.operand(self)), named);
  }

  /**
   * The exact form, with the error function; ONNX has an operation of that name from version 20.
   */
  private NDArray gelu(NDArray result, Operand x) {
    DataType type = result.getDataType();
    Value inner = trace.inner("Div", type, List.of(x, new Scalar(Math.sqrt(2), type)));
    Value plusOne =
        trace.inner(
            "Add", type, List.of(trace.inner("Erf", type, List.of(inner)), new Scalar(1, type)));
    Value product = trace.inner("Mul", type, List.of(x, plusOne));
    return trace.node(result, "Mul", List.of(product, new Scalar(0.5, type)));
  }

  private NDList linear(Method method, Object... a) throws Throwable {
    NDArray result = first(method, a);
    DataType type = result.getDataType();
    Value turned =
        trace.inner("Transpose", type, List.of(trace.operand(a[1])), "perm", new long[] {1, 0});
    List<Operand> factors = List.of(trace.operand(a[0]), turned);
    return new NDList(
        a[2] == null
            ? trace.node(result, "MatMul", factors)
            : trace.node(
                result, "Add", List.of(trace.inner("MatMul", type, factors), trace.operand(a[2]))));
  }

  private NDList layerNorm(Method method, Object... a) throws Throwable {
    List<Operand> operands = new ArrayList<>(List.of(trace.operand(a[0])));
    NDArray result = first(method, a);
    Shape shape = (Shape) a[1];
    operands.add(a[2] == null ? ones(shape, result.getDataType()) : trace.operand(a[2]));
    if (a[3] != null) {
      operands.add(trace.operand(a[3]));
    }
    return new NDList(
        trace.node(
            result,
            "LayerNormalization",
            operands,
            "axis",
            (long) -shape.dimension(),
            "epsilon",
            a[4]));
  }

  private Value ones(Shape shape, DataType type) {
    return trace.inner("Expand", type, List.of(new Scalar(1, type), Trace.sizes(shape)));
  }

  private NDList batchNorm(Method method, Object... a) throws Throwable {
    if ((Boolean) a[8]) {
      throw trace.refuse("a batch norm takes its statistics from the batch");
    }
    int axis = (Integer) a[5];
    if (axis != 1 && axis != -1) {
      throw trace.refuse("a batch norm over axis " + axis + " is not exported; it stands");
    }
    NDArray result = first(method, a);
    return new NDList(
        trace.node(
            result,
            "BatchNormalization",
            List.of(
                trace.operand(a[0]),
                trace.operand(a[3]),
                trace.operand(a[4]),
                trace.operand(a[1]),
                trace.operand(a[2])),
            "epsilon",
            a[7]));
  }

  private NDList convolution(Method method, Object... a) throws Throwable {
    List<Operand> operands = new ArrayList<>(List.of(trace.operand(a[0]), trace.operand(a[1])));
    if (a[2] != null) {
      operands.add(trace.operand(a[2]));
    }
    long[] padding = ((Shape) a[4]).getShape();
    return new NDList(
        trace.node(
            first(method, a),
            "Conv",
            operands,
            "strides",
            ((Shape) a[3]).getShape(),
            "pads",
            twice(padding),
            "dilations",
            ((Shape) a[5]).getShape(),
            "group",
            (long) (Integer) a[6]));
  }

  private static long[] twice(long... padding) {
    return LongStream.concat(LongStream.of(padding), LongStream.of(padding)).toArray();
  }

  private NDArray pool(String operator, Method method, Object... a) throws Throwable {
    List<Object> named =
        new ArrayList<>(
            List.of(
                "kernel_shape",
                ((Shape) a[0]).getShape(),
                "strides",
                ((Shape) a[1]).getShape(),
                "pads",
                twice(((Shape) a[2]).getShape()),
                "ceil_mode",
                (Boolean) a[3] ? 1L : 0L));
    if (operator.equals("AveragePool")) {
      // DJL's engine counts the edges whatever it is told.
      named.addAll(List.of("count_include_pad", 1L));
    }
    return trace.node(result(method, a), operator, List.of(trace.operand(self)), named.toArray());
  }

  private NDArray global(String operator, Method method) throws Throwable {
    long[] axes = LongStream.range(2, real.getShape().dimension()).toArray();
    return trace.node(
        result(method), operator, List.of(trace.operand(self)), "axes", axes, "keepdims", 0L);
  }

  private NDArray where(Method method, Object... a) throws Throwable {
    NDArray result = result(method, a);
    DataType type = result.getDataType();
    return trace.node(
        result,
        "Where",
        List.of(
            trace.cast(trace.operand(a[0]), DataType.BOOLEAN),
            trace.cast(trace.operand(self), type),
            trace.cast(trace.operand(a[1]), type)));
  }

  private NDArray concat(NDList others, int axis) {
    NDList all = all(others);
    NDArray result = NDArrays.concat(all, axis);
    List<Operand> operands = new ArrayList<>();
    operands.add(trace.cast(trace.operand(self), result.getDataType()));
    others.forEach(o -> operands.add(trace.cast(trace.operand(o), result.getDataType())));
    return trace.node(result, "Concat", operands, "axis", (long) axis);
  }

  private NDArray stack(NDList others, int axis) {
    NDList all = all(others);
    NDArray result = NDArrays.stack(all, axis);
    DataType type = result.getDataType();
    List<Operand> operands = new ArrayList<>();
    operands.add(unsqueezed(self, type, axis));
    others.forEach(o -> operands.add(unsqueezed(o, type, axis)));
    return trace.node(result, "Concat", operands, "axis", (long) axis);
  }

  private Operand unsqueezed(NDArray array, DataType type, int axis) {
    Operand cast = trace.cast(trace.operand(array), type);
    return trace.inner("Unsqueeze", type, List.of(cast, new Sizes(axis)));
  }

  private NDList all(NDList others) {
    NDList all = new NDList(real);
    others.forEach(o -> all.add((NDArray) trace.unwrap(o)));
    return all;
  }
}
