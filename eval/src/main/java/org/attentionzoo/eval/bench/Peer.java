package org.attentionzoo.eval.bench;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
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

  private final Model model;
  private final NDManager manager;
  private final ParameterStore store;
  private final NDList inputs;

  private Peer(Model model, NDManager manager, NDList inputs) {
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
   * @throws UserException if the file is no TorchScript module, or it does not take the inputs
   */
  public static Peer load(Path file, NDManager manager, NDList inputs) {
    if (!Files.isRegularFile(file)) {
      throw new UserException("no file " + file + "; --peer takes a TorchScript module (.pt)");
    }
    Model model = Model.newInstance("peer", manager.getDevice(), "PyTorch");
    try {
      String name = file.getFileName().toString();
      Path folder = file.toAbsolutePath().getParent();
      // Without this option the weights are such that no gradient can be taken.
      model.load(folder, name, Map.of("trainParam", "true"));
      Peer peer = new Peer(model, manager.newSubManager(), inputs);
      peer.predict();
      return peer;
    } catch (IOException | MalformedModelException | EngineException e) {
      model.close();
      throw new UserException(
          file
              + " cannot be run as a TorchScript module on inputs "
              + java.util.Arrays.toString(inputs.getShapes())
              + ": "
              + firstLine(e.getMessage()),
          e);
    }
  }

  private static String firstLine(String message) {
    return message == null
        ? "no reason given"
        : message.lines().filter(line -> !line.isBlank()).findFirst().orElse("");
  }

  /** Predicts once and waits for the result. */
  public void predict() {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.off()) {
      Workload.await(
          model.getBlock().forward(store, Workload.borrowed(inputs, scope), false).head());
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
      JniUtils.backward((PtNDArray) loss, (PtNDArray) loss.onesLike(), false, false);
    }
  }

  /**
   * The first output of a forward pass with gradients.
   *
   * @return its numbers in order
   */
  float[] output() {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.on()) {
      return Workload.floats(
          model.getBlock().forward(store, Workload.borrowed(inputs, scope), true).head());
    }
  }

  private NDArray loss(NDManager scope) {
    NDArray output = model.getBlock().forward(store, Workload.borrowed(inputs, scope), true).head();
    return output.getShape().dimension() == 0 ? output : Workload.meanSquare(output);
  }

  /** Frees the module. */
  @Override
  public void close() {
    manager.close();
    model.close();
  }
}
