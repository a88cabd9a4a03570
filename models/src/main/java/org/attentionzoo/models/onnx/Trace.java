package org.attentionzoo.models.onnx;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.NotRecordableException;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.models.onnx.Operand.Content;
import org.attentionzoo.models.onnx.Operand.Scalar;
import org.attentionzoo.models.onnx.Operand.Sizes;
import org.attentionzoo.models.onnx.Operand.Value;

/**
 * Records one run of a block: every array that the block sees is a proxy around a real one, so that
 * shapes, types and what follows from them are those of a real run, and every operation on a proxy
 * is written down. A proxy is no array of the engine, and so a {@link Pass} takes the plain path.
 */
final class Trace {

  private static final String HERE = Trace.class.getPackageName();

  private final NDManager real;
  private final NDManager manager;
  private final List<Recording.Step> steps = new ArrayList<>();
  private final Map<Integer, Parameter> parameters = new LinkedHashMap<>();
  private final Map<Parameter, NDArray> traced = new IdentityHashMap<>();
  private int values;

  private Trace(NDManager real) {
    this.real = real;
    manager = proxy(NDManager.class, new TracedManager(this, real));
  }

  /**
   * Records a run.
   *
   * @param forward what to run
   * @param inputs real inputs; their manager owns everything that is computed
   * @return what was computed
   * @throws NotExpressibleException if it does something that no graph can
   */
  static Recording record(Signature.Forward forward, NDList inputs) {
    Trace trace = new Trace(inputs.head().getManager());
    List<Value> given = new ArrayList<>();
    NDList proxies = new NDList();
    for (NDArray input : inputs) {
      Value value = trace.value(input.getShape(), input.getDataType());
      given.add(value);
      proxies.add(trace.wrap(input, value));
    }
    List<Value> outputs = new ArrayList<>();
    try (GradientMode ignored = GradientMode.off()) {
      for (NDArray output : forward.run(Pass.inference(trace.store()), proxies)) {
        if (!(trace.operand(output) instanceof Value value)) {
          throw new NotExpressibleException("an output does not come from the recorded operations");
        }
        outputs.add(value);
      }
    } catch (NotRecordableException e) {
      throw new NotExpressibleException(
          "the graph would hold for inputs of one size only: " + e.getMessage(), e);
    } catch (ClassCastException e) {
      throw new NotExpressibleException(
          "a kernel without a plain version is called in " + origin(e.getStackTrace()), e);
    }
    return new Recording(given, trace.parameters, trace.steps, outputs);
  }

  private ParameterStore store() {
    return new ParameterStore(real, false) {
      @Override
      public NDArray getValue(Parameter parameter, Device device, boolean training) {
        return parameter == null ? null : traced.computeIfAbsent(parameter, Trace.this::parameter);
      }

      @Override
      public NDManager getManager() {
        return manager;
      }
    };
  }

  private NDArray parameter(Parameter parameter) {
    NDArray array = parameter.getArray();
    Value value = value(array.getShape(), array.getDataType());
    parameters.put(value.id(), parameter);
    return wrap(array, value);
  }

  NDManager manager() {
    return manager;
  }

  Value value(Shape shape, DataType type) {
    return new Value(values++, shape, type);
  }

  /** A traced array of a result and what stands for it in the graph. */
  NDArray wrap(NDArray result, Operand operand) {
    return proxy(NDArray.class, new TracedArray(this, result, operand));
  }

  /** Records an operation of one result whose shape no Java code sees. */
  Value inner(String operator, DataType type, List<? extends Operand> operands, Object... named) {
    return step(operator, null, type, operands, named);
  }

  /** Records an operation of one result. */
  NDArray node(NDArray result, String operator, List<? extends Operand> operands, Object... named) {
    return wrap(result, step(operator, result.getShape(), result.getDataType(), operands, named));
  }

  private Value step(
      String operator,
      Shape shape,
      DataType type,
      List<? extends Operand> operands,
      Object... named) {
    Value value = value(shape, type);
    add(operator, operands, List.of(value), named);
    return value;
  }

  /** Records an operation of several results. */
  void add(
      String operator,
      List<? extends Operand> operands,
      List<Value> results,
      Object... namedAttributes) {
    Map<String, Object> attributes = new LinkedHashMap<>();
    for (int i = 0; i < namedAttributes.length; i += 2) {
      attributes.put((String) namedAttributes[i], namedAttributes[i + 1]);
    }
    steps.add(new Recording.Step(operator, List.copyOf(operands), attributes, results, origin()));
  }

  /** What stands for an array in the graph. */
  Operand operand(Object array) {
    TracedArray handler = TracedArray.of(array);
    if (handler != null) {
      return handler.operand();
    }
    if (array instanceof NDArray plain) {
      for (Parameter parameter : traced.keySet()) {
        if (parameter.getArray() == plain) {
          return operand(traced.get(parameter));
        }
      }
      return content(plain);
    }
    throw new NotExpressibleException("no array: " + array);
  }

  /** Numbers of Java's own. */
  static Operand content(NDArray array) {
    DataType type = array.getDataType();
    Shape shape = array.getShape();
    if (shape.dimension() == 0 && type != DataType.BOOLEAN) {
      try (NDArray wide = array.toType(DataType.FLOAT64, true)) {
        return new Scalar(wide.toDoubleArray()[0], type);
      }
    }
    return new Content(shape, type, bytes(array));
  }

  static byte[] bytes(NDArray array) {
    ByteBuffer buffer = array.toByteBuffer(false);
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }

  /** The operand in another type. */
  Operand cast(Operand operand, DataType type) {
    if (operand instanceof Scalar scalar) {
      return new Scalar(scalar.number(), type);
    }
    DataType from = operand instanceof Value value ? value.type() : ((Content) operand).type();
    return from == type
        ? operand
        : inner("Cast", type, List.of(operand), "to", (long) Types.onnx(type));
  }

  static Operand sizes(Shape shape) {
    return new Sizes(shape.getShape().clone());
  }

  /** Runs a method on real arrays. */
  Object real(Object target, Method method, Object... arguments) throws Throwable {
    Object[] plain = arguments == null ? new Object[0] : arguments.clone();
    for (int i = 0; i < plain.length; i++) {
      plain[i] = unwrap(plain[i]);
    }
    try {
      return method.invoke(target, plain);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  Object unwrap(Object argument) {
    TracedArray handler = TracedArray.of(argument);
    if (handler != null) {
      return handler.real();
    }
    if (argument == manager) {
      return real;
    }
    if (argument instanceof NDList list) {
      NDList plain = new NDList();
      list.forEach(array -> plain.add((NDArray) unwrap(array)));
      return plain;
    }
    return argument;
  }

  NotExpressibleException refuse(String what) {
    return new NotExpressibleException(what + " in " + origin());
  }

  static <T> T proxy(Class<T> type, java.lang.reflect.InvocationHandler handler) {
    return type.cast(
        Proxy.newProxyInstance(Trace.class.getClassLoader(), new Class<?>[] {type}, handler));
  }

  private static String origin() {
    return StackWalker.getInstance()
        .walk(
            frames ->
                frames
                    .filter(f -> isBlock(f.getClassName()))
                    .findFirst()
                    .map(f -> name(f.getClassName(), f.getMethodName()))
                    .orElse("the model"));
  }

  private static String origin(StackTraceElement... stack) {
    return Arrays.stream(stack)
        .filter(f -> isBlock(f.getClassName()) && !f.getClassName().contains(".kernels."))
        .findFirst()
        .map(f -> name(f.getClassName(), f.getMethodName()))
        .orElse("the model");
  }

  private static boolean isBlock(String className) {
    return className.startsWith("org.attentionzoo.")
        && !className.startsWith(HERE)
        && !className.equals("org.attentionzoo.blocks.Arithmetic")
        && !className.equals("org.attentionzoo.blocks.Tensors");
  }

  private static String name(String className, String method) {
    return className.substring(className.lastIndexOf('.') + 1) + "." + method;
  }
}
