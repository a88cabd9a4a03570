package org.attentionzoo.models;

import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The official constructor's arguments of a golden case. Keys are asked for one by one, with their
 * defaults; {@link #finish} refuses those that nobody asked for. A JSON null means None: the
 * getters give the default for an absent key, and null (or the default, for primitives) for None.
 *
 * <p>For one thread.
 */
public final class GoldenConfig {

  private final Map<String, Object> values;
  private final Map<String, Shape> weights;
  private final Set<String> asked = new HashSet<>();

  /**
   * Wraps arguments.
   *
   * @param values as parsed from JSON: numbers, strings, booleans, lists, maps, null
   */
  public GoldenConfig(Map<String, Object> values) {
    this(values, Map.of());
  }

  /**
   * Wraps arguments of a case whose weights are known.
   *
   * @param values as parsed from JSON: numbers, strings, booleans, lists, maps, null
   * @param weights the shapes of the official state dict
   */
  public GoldenConfig(Map<String, Object> values, Map<String, Shape> weights) {
    this.values = values;
    this.weights = weights;
  }

  /**
   * The shape of an official weight, for what takes its sizes from others, as an optimizer does.
   *
   * @param name its official name
   * @return its shape
   * @throws IllegalArgumentException if there is none of that name
   */
  public Shape weightShape(String name) {
    Shape shape = weights.get(name);
    if (shape == null) {
      throw new IllegalArgumentException("the weights lack '" + name + "'");
    }
    return shape;
  }

  /**
   * An argument as parsed.
   *
   * @param key its name
   * @param fallback the value of an absent key
   * @return the value, null for None
   */
  public Object get(String key, Object fallback) {
    asked.add(key);
    return values.containsKey(key) ? values.get(key) : fallback;
  }

  /**
   * Whether an argument is given and is not None.
   *
   * @param key its name
   * @return true if there is a value
   */
  public boolean has(String key) {
    return get(key, null) != null;
  }

  /**
   * An integer that must be given.
   *
   * @param key its name
   * @return its value
   * @throws IllegalArgumentException if it is missing or no integer
   */
  public int integer(String key) {
    return number(key, null).intValue();
  }

  /**
   * An integer with a default.
   *
   * @param key its name
   * @param fallback the value of an absent key
   * @return its value
   * @throws IllegalArgumentException if it is no number
   */
  public int integer(String key, int fallback) {
    return number(key, fallback).intValue();
  }

  /**
   * A number with a default.
   *
   * @param key its name
   * @param fallback the value of an absent key
   * @return its value
   * @throws IllegalArgumentException if it is no number
   */
  public double decimal(String key, double fallback) {
    return number(key, fallback).doubleValue();
  }

  /**
   * A boolean with a default.
   *
   * @param key its name
   * @param fallback the value of an absent key
   * @return its value
   * @throws IllegalArgumentException if it is no boolean
   */
  public boolean flag(String key, boolean fallback) {
    Object value = get(key, fallback);
    if (value == null) {
      return fallback;
    }
    if (value instanceof Boolean flag) {
      return flag;
    }
    throw wrong(key, value, "true or false");
  }

  /**
   * A string with a default.
   *
   * @param key its name
   * @param fallback the value of an absent key
   * @return its value, null for None
   * @throws IllegalArgumentException if it is no string
   */
  public String text(String key, String fallback) {
    Object value = get(key, fallback);
    if (value == null || value instanceof String) {
      return (String) value;
    }
    throw wrong(key, value, "a string");
  }

  /**
   * A list of integers.
   *
   * @param key its name
   * @param fallback the value of an absent key
   * @return its value, null for None
   * @throws IllegalArgumentException if it is no list of numbers
   */
  public List<Integer> integers(String key, List<Integer> fallback) {
    Object value = get(key, fallback);
    if (value == null) {
      return null;
    }
    if (value instanceof List<?> list) {
      List<Integer> result = new ArrayList<>();
      for (Object item : list) {
        if (!(item instanceof Number number)) {
          throw wrong(key, value, "a list of integers");
        }
        result.add(number.intValue());
      }
      return result;
    }
    throw wrong(key, value, "a list of integers");
  }

  /**
   * Declares keys that only describe the case, or that cannot act in a deterministic pass (dropout
   * rates).
   *
   * @param keys their names
   */
  public void ignore(String... keys) {
    asked.addAll(List.of(keys));
  }

  /**
   * Refuses keys that nobody asked for.
   *
   * @throws IllegalArgumentException names them, and the keys that are known
   */
  public void finish() {
    Set<String> unknown = new TreeSet<>(values.keySet());
    unknown.removeAll(asked);
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException(
          "unknown config keys "
              + String.join(", ", unknown)
              + "; this target knows "
              + String.join(", ", new TreeSet<>(asked)));
    }
  }

  private Number number(String key, Number fallback) {
    Object value = get(key, fallback);
    if (value == null) {
      value = fallback;
    }
    if (value instanceof Number number) {
      return number;
    }
    throw wrong(key, value, "a number");
  }

  private static IllegalArgumentException wrong(String key, Object value, String expected) {
    return new IllegalArgumentException(
        "config key '" + key + "' is " + value + "; expected " + expected);
  }
}
