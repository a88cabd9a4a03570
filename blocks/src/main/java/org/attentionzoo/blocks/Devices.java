package org.attentionzoo.blocks;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.engine.StandardCapabilities;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The devices of this machine, by the names that users give them, and managers on them.
 *
 * <p>Thread safety: stateless.
 */
public final class Devices {

  private static final String ENGINE = "PyTorch";
  private static final Pattern NAME = Pattern.compile("cpu|gpu(?::(\\d{1,3}))?");
  private static final int MOST_GPUS = 64;

  private Devices() {}

  /**
   * Finds a device.
   *
   * @param name {@code cpu}, {@code gpu} (the first) or {@code gpu:1}
   * @return the device; it can be computed on
   * @throws UserException if the name is none of these, or the device is not there
   */
  public static Device find(String name) {
    Matcher matcher = NAME.matcher(name);
    if (!matcher.matches()) {
      throw new UserException("unknown device '" + name + "'; expected cpu, gpu or gpu:<number>");
    }
    if (name.equals("cpu")) {
      return Device.cpu();
    }
    int index = matcher.group(1) == null ? 0 : Integer.parseInt(matcher.group(1));
    if (!isThere(index)) {
      throw new UserException(
          "there is no device '"
              + name
              + "': "
              + describeGpus()
              + "; use --device cpu, or see 'zoo doctor' for the steps to use a GPU");
    }
    return Device.gpu(index);
  }

  /**
   * How many GPUs can be computed on.
   *
   * @return 0 if libtorch is built for the CPU, or finds no GPU
   */
  public static int gpus() {
    int count = 0;
    while (count < MOST_GPUS && isThere(count)) {
      count++;
    }
    return count;
  }

  /**
   * Whether this libtorch is built for CUDA, be there a GPU or not.
   *
   * @return false if it can only use the CPU
   */
  public static boolean builtForGpus() {
    return Engine.getEngine(ENGINE).hasCapability(StandardCapabilities.CUDA);
  }

  /**
   * A manager of the zoo's engine on a device.
   *
   * @param device where its arrays are
   * @return to be closed by the caller
   */
  public static NDManager manager(Device device) {
    return NDManager.newBaseManager(device, ENGINE);
  }

  /** Asks by trying: DJL's own count needs a CUDA runtime library that libtorch does not need. */
  private static boolean isThere(int gpu) {
    if (!builtForGpus()) {
      return false;
    }
    try (NDManager manager = manager(Device.gpu(gpu))) {
      manager.ones(new Shape(1)).getFloat();
      return true;
    } catch (EngineException e) {
      return false;
    }
  }

  private static String describeGpus() {
    if (!builtForGpus()) {
      return "this libtorch is built for the CPU only";
    }
    int count = gpus();
    return count == 0 ? "libtorch finds no GPU" : "the GPUs are gpu:0 to gpu:" + (count - 1);
  }
}
