package org.attentionzoo.blocks;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * Listeners at named points of a model, such as {@code layers.3.attention.pattern}: each may read
 * or replace the activation there. A pass without listeners pays nothing; a listener at an
 * attention pattern makes that layer take its explicit path.
 *
 * <p>Names are resolved against the block tree when a listener is added, so that forward passes
 * carry no paths. Build it on one thread; passes may then share it.
 */
public final class Taps {

  /** Nobody listens. */
  public static final Taps NONE = new Taps(Map.of());

  private final Map<String, Block> blocks;
  private final Map<Block, Map<String, UnaryOperator<NDArray>>> listeners = new IdentityHashMap<>();

  private Taps(Map<String, Block> blocks) {
    this.blocks = blocks;
  }

  /**
   * Starts without listeners.
   *
   * @param root the model whose points are named
   * @return taps to add listeners to
   */
  public static Taps on(Block root) {
    return new Taps(StateDict.blocks(root));
  }

  /**
   * All points of the model.
   *
   * @return names, in order of the block tree
   */
  public List<String> points() {
    List<String> points = new ArrayList<>();
    blocks.forEach(
        (path, block) -> {
          if (block instanceof ZooBlock zoo) {
            zoo.tapPoints().stream().sorted().forEach(p -> points.add(name(path, p)));
          }
        });
    return points;
  }

  /**
   * Reads the activations at points.
   *
   * @param pattern a point's name, in which {@code *} stands for any part
   * @param reader receives each activation; it is valid as long as the forward pass's manager
   * @return this
   * @throws NoSuchTapException if no point of the model matches
   */
  public Taps read(String pattern, Consumer<NDArray> reader) {
    return replace(
        pattern,
        x -> {
          reader.accept(x);
          return x;
        });
  }

  /**
   * Replaces the activations at points.
   *
   * @param pattern a point's name, in which {@code *} stands for any part
   * @param replacement gives the value to go on with, of the same shape
   * @return this
   * @throws NoSuchTapException if no point of the model matches
   */
  public Taps replace(String pattern, UnaryOperator<NDArray> replacement) {
    Pattern regex = Pattern.compile(Pattern.quote(pattern).replace("*", "\\E.*\\Q"));
    boolean[] found = {false};
    blocks.forEach(
        (path, block) -> {
          if (block instanceof ZooBlock zoo) {
            for (String point : zoo.tapPoints()) {
              if (regex.matcher(name(path, point)).matches()) {
                found[0] = true;
                listen(block, point, replacement);
              }
            }
          }
        });
    if (!found[0]) {
      throw new NoSuchTapException(pattern, points());
    }
    return this;
  }

  /**
   * Everybody who listens here or there. Where both listen at one point, those here come first.
   *
   * @param others further listeners of the same model
   * @return new taps; neither of the two is changed
   */
  public Taps and(Taps others) {
    Taps both = new Taps(blocks.isEmpty() ? others.blocks : blocks);
    for (Taps one : List.of(this, others)) {
      one.listeners.forEach(
          (block, points) ->
              points.forEach((point, listener) -> both.listen(block, point, listener)));
    }
    return both;
  }

  /**
   * Whether nobody listens anywhere.
   *
   * @return true as long as no listener was added
   */
  public boolean isEmpty() {
    return listeners.isEmpty();
  }

  private void listen(Block block, String point, UnaryOperator<NDArray> replacement) {
    listeners
        .computeIfAbsent(block, b -> new LinkedHashMap<>())
        .merge(point, replacement, (a, b) -> x -> b.apply(a.apply(x)));
  }

  boolean listens(Block owner, String point) {
    if (listeners.isEmpty()) {
      return false;
    }
    Map<String, UnaryOperator<NDArray>> here = listeners.get(owner);
    return here != null && here.containsKey(point);
  }

  NDArray offer(Block owner, String point, NDArray value) {
    if (!listens(owner, point)) {
      return value;
    }
    NDArray result = listeners.get(owner).get(point).apply(value);
    if (!result.getShape().equals(value.getShape())) {
      throw new IllegalArgumentException(
          "a listener at '"
              + point
              + "' replaced shape "
              + value.getShape()
              + " by "
              + result.getShape()
              + "; a replacement must keep the shape");
    }
    return result;
  }

  private static String name(String path, String point) {
    return path.isEmpty() ? point : path + "." + point;
  }
}
