package org.attentionzoo.models.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.attentionzoo.models.onnx.Operand.Scalar;

/** A manager whose arrays are recorded as what they are made of. */
final class TracedManager implements InvocationHandler {

  private static final Set<String> FACTS =
      Set.of("getDevice", "defaultDevice", "getEngine", "isOpen", "getName", "allocateDirect");

  private final Trace trace;
  private final NDManager real;

  TracedManager(Trace trace, NDManager real) {
    this.trace = trace;
    this.real = real;
  }

  @Override
  public Object invoke(Object proxy, Method method, Object[] given) throws Throwable {
    Object[] arguments = given == null ? new Object[0] : given;
    String name = method.getName();
    if (method.getDeclaringClass() == Object.class) {
      return switch (name) {
        case "hashCode" -> System.identityHashCode(proxy);
        case "equals" -> proxy == arguments[0];
        default -> "recording manager";
      };
    }
    if (FACTS.contains(name)) {
      return trace.real(real, method, arguments);
    }
    return switch (name) {
      case "newSubManager", "getParentManager" -> proxy;
      case "close", "attachAll", "tempAttachAll", "setName", "cap" -> null;
      case "ret", "from" -> arguments[0];
      case "zeros" -> filled(make(method, arguments), 0);
      case "ones" -> filled(make(method, arguments), 1);
      case "full" -> filled(make(method, arguments), ((Number) arguments[1]).doubleValue());
      case "arange" -> range(make(method, arguments), arguments);
      case "eye", "linspace", "hanningWindow" -> constant(make(method, arguments));
      case "create" -> {
        if (arguments[0] instanceof Shape) {
          throw trace.refuse("an array without content is made by NDManager.create");
        }
        yield constant(make(method, arguments));
      }
      default -> {
        if (name.startsWith("random") || name.startsWith("sample") || name.contains("Normal")) {
          throw trace.refuse("NDManager." + name + " draws random numbers");
        }
        throw trace.refuse("NDManager." + name + " has no ONNX operation here; it is called");
      }
    };
  }

  private NDArray make(Method method, Object... arguments) throws Throwable {
    return (NDArray) trace.real(real, method, arguments);
  }

  private NDArray constant(NDArray array) {
    return trace.wrap(array, Trace.content(array));
  }

  private NDArray filled(NDArray array, double value) {
    DataType type = array.getDataType();
    return array.getShape().dimension() == 0
        ? trace.wrap(array, Trace.content(array))
        : trace.node(
            array, "Expand", List.of(new Scalar(value, type), Trace.sizes(array.getShape())));
  }

  private NDArray range(NDArray array, Object... arguments) {
    List<Double> numbers = new ArrayList<>();
    for (Object argument : arguments) {
      if (argument instanceof Number number) {
        numbers.add(number.doubleValue());
      }
    }
    double start = numbers.size() == 1 ? 0 : numbers.get(0);
    double stop = numbers.size() == 1 ? numbers.get(0) : numbers.get(1);
    double step = numbers.size() == 3 ? numbers.get(2) : 1;
    DataType type = array.getDataType();
    return trace.node(
        array,
        "Range",
        List.of(new Scalar(start, type), new Scalar(stop, type), new Scalar(step, type)));
  }
}
