package org.attentionzoo.blocks;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import ai.djl.util.PairList;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Predicate;

/**
 * The names of a block tree as PyTorch's {@code state_dict} has them, found by walking the tree:
 * child names joined by dots. DJL's own joined names cannot be taken apart again, since {@code _}
 * both joins and occurs in names.
 */
public final class StateDict {

  private StateDict() {}

  /**
   * All parameters and buffers of a tree.
   *
   * @param root the tree
   * @return parameters by dotted name, own ones before the children's; a tied parameter appears
   *     under each of its names
   */
  public static Map<String, Parameter> of(Block root) {
    Map<String, Parameter> found = new LinkedHashMap<>();
    walk(
        "",
        root,
        (path, block) -> {
          for (Pair<String, Parameter> entry : block.getDirectParameters()) {
            found.put(join(path, entry.getKey()), entry.getValue());
          }
        });
    return found;
  }

  /**
   * All blocks of a tree.
   *
   * @param root the tree
   * @return blocks by dotted name, the root under the empty name
   */
  public static Map<String, Block> blocks(Block root) {
    Map<String, Block> found = new LinkedHashMap<>();
    walk("", root, found::put);
    return found;
  }

  /**
   * Counts trainable values, each tied parameter once.
   *
   * @param root the tree
   * @return how many numbers training may change
   */
  public static long countTrainable(Block root) {
    Map<String, Parameter> byId = new LinkedHashMap<>();
    of(root).values().forEach(p -> byId.put(p.getId(), p));
    return byId.values().stream()
        .filter(Parameter::requiresGradient)
        .mapToLong(p -> p.getShape().size())
        .sum();
  }

  /**
   * Takes parameters out of training.
   *
   * @param root the tree, not yet initialised
   * @param names tells of a dotted name whether its parameter stays as it is
   */
  public static void freeze(Block root, Predicate<String> names) {
    of(root)
        .forEach(
            (name, parameter) -> {
              if (names.test(name)) {
                parameter.freeze(true);
              }
            });
  }

  private static void walk(String path, Block block, BiConsumer<String, Block> visitor) {
    visitor.accept(path, block);
    if (block instanceof ZooBlock zoo) {
      zoo.namedChildren().forEach((name, child) -> walk(join(path, name), child, visitor));
      return;
    }
    PairList<String, Block> children = block.getChildren();
    for (int i = 0; i < children.size(); i++) {
      String prefix = String.format(Locale.ROOT, "%02d", i + 1);
      String key = children.keyAt(i);
      String name = key.startsWith(prefix) ? key.substring(prefix.length()) : key;
      walk(join(path, name), children.valueAt(i), visitor);
    }
  }

  private static String join(String path, String name) {
    return path.isEmpty() ? name : path + "." + name;
  }
}
