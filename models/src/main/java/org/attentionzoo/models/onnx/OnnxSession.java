package org.attentionzoo.models.onnx;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.UserException;

/**
 * An ONNX file in ONNX Runtime, on the CPU.
 *
 * <p>Thread safety: runs may be made by several threads; closing is for one.
 */
public final class OnnxSession implements AutoCloseable {

  /** DJL's engine of ONNX Runtime finds its environment only if it comes first. */
  private static final String OTHER_ENGINE = "OnnxRuntime";

  private static final Map<OnnxJavaType, DataType> TYPES =
      Map.of(
          OnnxJavaType.FLOAT,
          DataType.FLOAT32,
          OnnxJavaType.DOUBLE,
          DataType.FLOAT64,
          OnnxJavaType.INT64,
          DataType.INT64,
          OnnxJavaType.INT32,
          DataType.INT32,
          OnnxJavaType.INT8,
          DataType.INT8,
          OnnxJavaType.UINT8,
          DataType.UINT8,
          OnnxJavaType.BOOL,
          DataType.BOOLEAN,
          OnnxJavaType.FLOAT16,
          DataType.FLOAT16);

  private final OrtEnvironment environment;
  private final OrtSession session;
  private final List<Port> inputs;
  private final List<Port> outputs;
  private final Map<String, String> metadata;

  /**
   * An input or output of a graph.
   *
   * @param name its name
   * @param type its data type
   * @param shape its sizes; -1 where they are free
   * @param free names of the free sizes; empty text elsewhere
   */
  public record Port(String name, DataType type, List<Long> shape, List<String> free) {}

  private OnnxSession(OrtEnvironment environment, OrtSession session) throws OrtException {
    this.environment = environment;
    this.session = session;
    inputs = ports(session.getInputInfo());
    outputs = ports(session.getOutputInfo());
    metadata = new LinkedHashMap<>(session.getMetadata().getCustomMetadata());
  }

  /**
   * Opens a file.
   *
   * @param file an ONNX model
   * @return the session
   * @throws UserException if the file is not there or ONNX Runtime refuses it
   */
  public static OnnxSession open(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new UserException(
          file
              + (Files.exists(file) ? " is no regular file" : " is not there")
              + "; expected an ONNX model, which 'zoo export' makes");
    }
    Engine.getEngine("PyTorch");
    if (Engine.hasEngine(OTHER_ENGINE)) {
      Engine.getEngine(OTHER_ENGINE);
    }
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(JniUtils.getNumThreads());
      options.setSessionLogLevel(ai.onnxruntime.OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
      return new OnnxSession(environment, environment.createSession(file.toString(), options));
    } catch (OrtException e) {
      throw new UserException(file + ": ONNX Runtime refuses it: " + e.getMessage(), e);
    }
  }

  private static List<Port> ports(Map<String, NodeInfo> infos) {
    List<Port> ports = new ArrayList<>();
    infos.forEach(
        (name, info) -> {
          if (!(info.getInfo() instanceof TensorInfo tensor) || !TYPES.containsKey(tensor.type)) {
            throw new UserException(
                "'" + name + "' of the ONNX model is " + info.getInfo() + "; only tensors are run");
          }
          String[] free = tensor.getDimensionNames();
          ports.add(
              new Port(
                  name,
                  TYPES.get(tensor.type),
                  Arrays.stream(tensor.getShape()).boxed().toList(),
                  free == null ? List.of() : Arrays.asList(free)));
        });
    return List.copyOf(ports);
  }

  /**
   * The graph's inputs.
   *
   * @return in the graph's order
   */
  public List<Port> inputs() {
    return inputs;
  }

  /**
   * The graph's outputs.
   *
   * @return in the graph's order
   */
  public List<Port> outputs() {
    return outputs;
  }

  /**
   * What the file says about itself.
   *
   * @return its metadata properties
   */
  public Map<String, String> metadata() {
    return metadata;
  }

  /**
   * Runs the graph.
   *
   * @param manager owns the results
   * @param arrays one for each input, in the graph's order
   * @return the outputs, in the graph's order
   * @throws UserException if ONNX Runtime refuses the inputs
   */
  public NDList run(NDManager manager, NDList arrays) {
    if (arrays.size() != inputs.size()) {
      throw new UserException(
          arrays.size()
              + " inputs were given; the ONNX model takes "
              + inputs.stream().map(Port::name).toList());
    }
    Map<String, OnnxTensor> fed = new LinkedHashMap<>();
    try {
      for (int i = 0; i < inputs.size(); i++) {
        fed.put(inputs.get(i).name(), tensor(arrays.get(i), inputs.get(i)));
      }
      try (OrtSession.Result results = session.run(fed)) {
        NDList list = new NDList();
        for (Port output : outputs) {
          list.add(array(manager, results.get(output.name()).orElseThrow(), output));
        }
        return list;
      }
    } catch (OrtException e) {
      throw new UserException("ONNX Runtime: " + e.getMessage(), e);
    } finally {
      fed.values().forEach(OnnxTensor::close);
    }
  }

  private OnnxTensor tensor(NDArray array, Port port) throws OrtException {
    NDArray typed = array.toType(port.type(), false);
    ByteBuffer bytes =
        ByteBuffer.allocateDirect(Math.toIntExact(typed.size() * port.type().getNumOfBytes()))
            .order(ByteOrder.nativeOrder());
    bytes.put(typed.toByteBuffer(false)).rewind();
    OnnxJavaType type =
        TYPES.entrySet().stream()
            .filter(e -> e.getValue() == port.type())
            .findFirst()
            .orElseThrow()
            .getKey();
    return OnnxTensor.createTensor(environment, bytes, typed.getShape().getShape(), type);
  }

  private static NDArray array(NDManager manager, OnnxValue value, Port port) {
    OnnxTensor tensor = (OnnxTensor) value;
    Shape shape = new Shape(tensor.getInfo().getShape());
    if (shape.size() == 0) {
      return manager.zeros(shape, port.type());
    }
    Buffer bytes = tensor.getByteBuffer().order(ByteOrder.nativeOrder());
    try (NDArray view = manager.create(bytes, shape, port.type())) {
      return view.duplicate();
    }
  }

  /** Frees the session. */
  @Override
  public void close() {
    try {
      session.close();
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
  }
}
