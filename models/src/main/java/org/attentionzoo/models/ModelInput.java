package org.attentionzoo.models;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.UserException;

/**
 * An input of all models of a kind.
 *
 * @param name for example {@code input_ids}
 * @param values what it holds
 * @param axes the size of each axis: {@link #BATCH}, a length or a key of the model's config
 * @param count the key of the config that tells how many ids there are; null unless it holds ids
 */
public record ModelInput(String name, Values values, List<String> axes, String count) {

  /** The number of examples. */
  public static final String BATCH = "batch";

  /** The number of tokens of each. */
  public static final String LENGTH = "length";

  /** How a length ends that an input has for itself. */
  private static final String OWN_LENGTH = "_length";

  private static final float LAST_TIME = 1000;

  /** What an input holds. */
  public enum Values {
    /** Int64 from 0 on. */
    IDS,
    /** Float32, about as large as standard normal ones. */
    NUMBERS,
    /** Float32 from 0 to 1000. */
    TIMES
  }

  static ModelInput ids(String name, String count, String... axes) {
    return new ModelInput(name, Values.IDS, List.of(axes), count);
  }

  static ModelInput numbers(String name, String... axes) {
    return new ModelInput(name, Values.NUMBERS, List.of(axes), null);
  }

  static ModelInput times(String name, String... axes) {
    return new ModelInput(name, Values.TIMES, List.of(axes), null);
  }

  /**
   * The numbers of tokens among the axes, which whoever makes the input chooses.
   *
   * @return their names
   */
  public List<String> lengths() {
    return axes.stream().filter(ModelInput::isLength).toList();
  }

  private static boolean isLength(String axis) {
    return axis.equals(LENGTH) || axis.endsWith(OWN_LENGTH);
  }

  /**
   * Makes a random one.
   *
   * @param manager owns it
   * @param config the model's config; sizes may be anywhere in it
   * @param sizes a number for {@link #BATCH} and each of {@link #lengths}
   * @return the input
   * @throws UserException if the config lacks a size
   */
  public NDArray random(NDManager manager, Map<String, ?> config, Map<String, Integer> sizes) {
    Shape shape =
        new Shape(
            axes.stream()
                .mapToLong(
                    axis ->
                        isLength(axis) || axis.equals(BATCH)
                            ? sizes.get(axis)
                            : Configs.size(config, axis))
                .toArray());
    return switch (values) {
      case IDS -> manager.randomInteger(0, Configs.size(config, count), shape, DataType.INT64);
      case NUMBERS -> manager.randomNormal(shape);
      case TIMES -> manager.randomUniform(0, LAST_TIME, shape);
    };
  }
}
