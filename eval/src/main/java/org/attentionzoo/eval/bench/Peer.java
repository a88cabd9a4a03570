package org.attentionzoo.eval.bench;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.BackwardPass;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.UserException;

/**
 * A TorchScript module of anyone's that takes the same inputs as one of our models, run by the same
 * libtorch in the same process. Its loss is the mean of the squares of its first output, or its
 * output itself if that is a scalar.
 *
 * <p>For one thread.
 */
public final class Peer implements AutoCloseable {

  private final Path file;
  private final Model model;
  private final NDManager manager;
  private final ParameterStore store;
  private final NDList inputs;

  private Peer(Path file, Model model, NDManager manager, NDList inputs) {
    this.file = file;
    this.model = model;
    this.manager = manager;
    this.inputs = inputs;
    store = new ParameterStore(manager, false);
  }

  /**
   * Loads a module.
   *
   * @param file what {@code torch.jit.save} wrote
   * @param manager decides the device
   * @param inputs what it is fed; kept by the caller
   * @return the peer
   * @throws UserException if the file is no TorchScript module, or it does not take the inputs, or
   *     gives no tensor
   */
  public static Peer load(Path file, NDManager manager, NDList inputs) {
    if (!Files.isRegularFile(file)) {
      throw new UserException("no file " + file + "; --peer takes a TorchScript module (.pt)");
    }
    Model model = Model.newInstance("peer", manager.getDevice(), "PyTorch");
    Peer peer = new Peer(file, model, manager.newSubManager(), inputs);
    try {
      String name = file.getFileName().toString();
      Path folder = file.toAbsolutePath().getParent();
      // Without this option the weights are such that no gradient can be taken.
      model.load(folder, name, Map.of("trainParam", "true"));
      peer.predict();
      return peer;
    } catch (IOException | MalformedModelException | EngineException e) {
      peer.close();
      throw new UserException(
          file
              + " cannot be run as a TorchScript module on inputs "
              + Arrays.toString(inputs.getShapes())
              + ": "
              + cause(e.getMessage()),
          e);
    } catch (UserException e) {
      peer.close();
      throw e;
    }
  }

  /** The line that tells why: the last of a TorchScript traceback, the first of all else. */
  private static String cause(String message) {
    if (message == null) {
      return "no reason given";
    }
    List<String> lines =
        message
            .lines()
            .takeWhile(line -> !line.startsWith("Exception raised from "))
            .filter(line -> !line.isBlank())
            .toList();
    if (lines.isEmpty()) {
      return "no reason given";
    }
    boolean traceback = lines.stream().anyMatch(line -> line.startsWith("Traceback of "));
    return lines.get(traceback ? lines.size() - 1 : 0);
  }

  /** Predicts once and waits for the result. */
  public void predict() {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.off()) {
      Workload.await(first(scope, false));
    }
  }

  /** Does a forward pass with gradients and waits for the loss. */
  public void forward() {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.on()) {
      Workload.await(loss(scope));
    }
  }

  /** Does a forward and a backward pass and waits for both; gradients add up. */
  public void forwardBackward() {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.on()) {
      NDArray loss = loss(scope);
      Workload.await(loss);
      backward(loss);
    }
  }

  /**
   * The first output of a forward pass with gradients.
   *
   * @return its shape and numbers
   */
  Output output() {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.on()) {
      return Output.of(first(scope, true));
    }
  }

  private NDArray loss(NDManager scope) {
    NDArray output = first(scope, true);
    if (!output.getDataType().isFloating()) {
      throw new UserException(
          "the peer "
              + file
              + " gives numbers of type "
              + output.getDataType()
              + "; expected floating ones, which have gradients; change what it returns, or use"
              + " bench infer");
    }
    return output.getShape().dimension() == 0 ? output : Workload.meanSquare(output);
  }

  private void backward(NDArray loss) {
    boolean learns;
    try {
      learns = BackwardPass.tryFrom(loss);
    } catch (EngineException e) {
      throw new UserException(
          "the peer "
              + file
              + " cannot be run backward: "
              + cause(e.getMessage())
              + "; change the module, or use bench infer",
          e);
    }
    if (!learns) {
      throw new UserException(
          "the output of the peer "
              + file
              + " does not depend on parameters that learn; expected one that has gradients;"
              + " change the module, or use bench infer");
    }
  }

  /** The first output; anything but a tensor with numbers would end the process in libtorch. */
  private NDArray first(NDManager scope, boolean training) {
    NDList outputs;
    try {
      outputs = model.getBlock().forward(store, Workload.borrowed(inputs, scope), training);
    } catch (UnsupportedOperationException e) {
      throw refusal("what is no tensor, such as None or a number", e);
    }
    if (outputs.isEmpty()) {
      throw refusal("nothing", null);
    }
    NDArray output = outputs.head();
    if (output.getDataType() == DataType.STRING) {
      throw refusal("a string", null);
    }
    if (output.size() == 0) {
      throw refusal("an empty tensor of shape " + output.getShape(), null);
    }
    return output;
  }

  private UserException refusal(String given, Throwable cause) {
    return new UserException(
        "the peer "
            + file
            + " gives "
            + given
            + "; expected a tensor; change what its forward returns first",
        cause);
  }

  /** Frees the module. */
  @Override
  public void close() {
    manager.close();
    model.close();
  }
}
