package org.attentionzoo.models;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.attentionzoo.blocks.NearestName;
import org.attentionzoo.blocks.UserException;

/**
 * Config records to and from maps and YAML, and their override by {@code key=value}. Keys are the
 * names of record components; those of nested records follow after a dot ({@code optimizer.lr}).
 *
 * <p>A component may be a boolean, int, long, float or double (boxed: null is allowed), String,
 * Path, enum (lower case, {@code -} for {@code _}), Optional, List, Map with string keys, Object
 * (as YAML gives it) or a record. Records check their values in their constructors; what these
 * throw as {@link IllegalArgumentException} becomes the user's message.
 *
 * <p>Thread safety: all methods may be called by any thread; nothing given is changed.
 */
public final class Configs {

  private static final ObjectMapper YAML =
      new ObjectMapper(
              YAMLFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .enable(YAMLParser.Feature.PARSE_BOOLEAN_LIKE_WORDS_AS_STRINGS)
                  .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
                  .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
                  .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
                  .build())
          .enable(com.fasterxml.jackson.databind.DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private Configs() {}

  /**
   * Changes one value of a config.
   *
   * @param config the config
   * @param key the component's name, nested ones after dots
   * @param value the value as text: YAML, but a text component takes it as it stands
   * @param <R> the config's type
   * @return a changed copy
   * @throws UserException if the key is unknown, or the value has the wrong type or is refused
   */
  public static <R extends Record> R override(R config, String key, String value) {
    return override(config, List.of(key + "=" + value));
  }

  /**
   * Changes several values of a config at once, so that only the result need be consistent; of two
   * settings of one key the later holds.
   *
   * @param config the config
   * @param assignments each {@code key=value}
   * @param <R> the config's type
   * @return a changed copy
   * @throws UserException as for {@link #override(Record, String, String)}, or if there is no
   *     {@code =}
   */
  public static <R extends Record> R override(R config, List<String> assignments) {
    Map<String, Object> tree = new LinkedHashMap<>();
    for (String assignment : assignments) {
      Map.Entry<String, String> parts = split(assignment);
      String[] path = parts.getKey().split("\\.", -1);
      Map<String, Object> node = tree;
      for (int i = 0; i < path.length - 1; i++) {
        node = childOf(node, path[i], parts.getKey());
      }
      String last = path[path.length - 1];
      if (node.put(last, new Text(parts.getValue())) instanceof Map<?, ?> children) {
        throw replaces(parts.getKey() + "." + children.keySet().iterator().next(), parts.getKey());
      }
    }
    return fromMap(config, tree);
  }

  /**
   * Takes an assignment apart.
   *
   * @param assignment {@code key=value}
   * @return key and value, without surrounding blanks
   * @throws UserException if it is none
   */
  public static Map.Entry<String, String> split(String assignment) {
    int equals = assignment.indexOf('=');
    if (equals < 1) {
      throw new UserException(
          "'" + assignment + "' is no setting; write key=value, for example steps=100");
    }
    return Map.entry(
        assignment.substring(0, equals).trim(), assignment.substring(equals + 1).trim());
  }

  /**
   * Builds a config from a map that names every component; lists, maps and optionals may be absent.
   *
   * @param type the record
   * @param values by key
   * @param <R> the record
   * @return the config
   * @throws UserException if a key is unknown or missing, or a value has the wrong type
   */
  public static <R extends Record> R fromMap(Class<R> type, Map<String, ?> values) {
    return type.cast(build(type, values, null, ""));
  }

  /**
   * Builds a config from a map of what differs from another config; nested maps differ likewise.
   *
   * @param base has the values of absent keys
   * @param values by key
   * @param <R> the record
   * @return the config
   * @throws UserException if a key is unknown, or a value has the wrong type
   */
  public static <R extends Record> R fromMap(R base, Map<String, ?> values) {
    return typed(base, build(base.getClass(), values, base, ""));
  }

  /**
   * Reads YAML.
   *
   * @param yaml the text
   * @param origin where it comes from, for messages
   * @return its top-level map; empty for an empty text
   * @throws UserException if it is no YAML, has a key twice or is no map
   */
  public static Map<String, Object> parse(String yaml, String origin) {
    Object tree;
    try {
      tree = YAML.readValue(yaml, Object.class);
    } catch (com.fasterxml.jackson.databind.exc.MismatchedInputException e) {
      // An empty text has no tree at all.
      if (yaml.lines().allMatch(l -> l.isBlank() || l.strip().startsWith("#"))) {
        return new LinkedHashMap<>();
      }
      throw new UserException(origin + ": " + firstLine(e), e);
    } catch (JsonProcessingException e) {
      throw new UserException(origin + ": " + position(e) + firstLine(e), e);
    }
    if (tree instanceof Map<?, ?> map) {
      return stringKeys(map, origin);
    }
    throw new UserException(origin + ": expected a YAML map of keys and values");
  }

  /**
   * A config as a tree of maps, lists, numbers, booleans and strings.
   *
   * @param config the config
   * @return by key, in the order of the record; empty optionals are left out
   */
  public static Map<String, Object> toMap(Record config) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (RecordComponent component : config.getClass().getRecordComponents()) {
      Object value = get(config, component);
      if (!(value instanceof Optional<?> optional && optional.isEmpty())) {
        map.put(component.getName(), plain(value));
      }
    }
    return map;
  }

  /**
   * A size by the name that configs of all models give to it.
   *
   * @param config as a tree
   * @param key for example {@code vocabulary}; looked for in configs within the config too
   * @return the first number of that name
   * @throws UserException if there is none
   */
  public static long size(Map<String, ?> config, String key) {
    return findSize(config, key)
        .orElseThrow(
            () ->
                new UserException(
                    "the model's config has no size '"
                        + key
                        + "', so that it is unknown what to feed it"));
  }

  /**
   * A size that not every config has.
   *
   * @param config as a tree
   * @param key for example {@code maximumPositions}; looked for in configs within the config too
   * @return the first number of that name
   */
  public static OptionalLong findSize(Map<?, ?> config, String key) {
    if (config.get(key) instanceof Number number) {
      return OptionalLong.of(number.longValue());
    }
    return config.values().stream()
        .filter(Map.class::isInstance)
        .map(inner -> findSize((Map<?, ?>) inner, key))
        .filter(OptionalLong::isPresent)
        .findFirst()
        .orElseGet(OptionalLong::empty);
  }

  /**
   * A config, or a tree that holds configs, as YAML.
   *
   * @param config a record or a map
   * @return the text
   */
  public static String toYaml(Object config) {
    try {
      return YAML.writeValueAsString(plain(config));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("cannot write " + config + " as YAML", e);
    }
  }

  /**
   * All keys that {@link #override} knows.
   *
   * @param config the config
   * @return dotted keys, in the order of the record
   */
  public static List<String> keys(Record config) {
    return keys(config, "").toList();
  }

  private static Stream<String> keys(Record config, String prefix) {
    return Arrays.stream(config.getClass().getRecordComponents())
        .flatMap(
            c -> {
              String key = prefix + c.getName();
              return get(config, c) instanceof Record nested
                  ? keys(nested, key + ".")
                  : Stream.of(key);
            });
  }

  /** A value from the command line: what it means depends on the component that takes it. */
  private record Text(String text) {
    Object as(Class<?> raw) {
      boolean textual = raw == String.class || raw == Path.class || raw.isEnum();
      return textual ? text : yaml(text);
    }

    @Override
    public String toString() {
      return text;
    }
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> childOf(Map<String, Object> node, String head, String key) {
    Object child = node.computeIfAbsent(head, k -> new LinkedHashMap<String, Object>());
    if (child instanceof Text) {
      throw replaces(key, head);
    }
    return (Map<String, Object>) child;
  }

  private static UserException replaces(String part, String whole) {
    return new UserException(
        "'" + part + "' sets a part of '" + whole + "', which another setting replaces; keep one");
  }

  private static Object yaml(String text) {
    if (text.isEmpty()) {
      return "";
    }
    try {
      Object value = YAML.readValue(text, Object.class);
      return value instanceof String s ? number(s).map(n -> (Object) n).orElse(s) : value;
    } catch (JsonProcessingException e) {
      return text;
    }
  }

  /** YAML 1.1 takes {@code 3e-4} for text. */
  private static Optional<Double> number(String text) {
    if (!text.matches("[-+]?(\\d+\\.?\\d*|\\.\\d+)([eE][-+]?\\d+)?")) {
      return Optional.empty();
    }
    return Optional.of(Double.valueOf(text));
  }

  private static Object convert(Type type, Object value, Object base, String key) {
    Class<?> raw = raw(type);
    if (value instanceof Text text) {
      if (raw == Optional.class) {
        return text.text().equals("null")
            ? Optional.empty()
            : Optional.of(convert(part(type, 0), text, null, key));
      }
      return convert(type, text.as(raw), base, key);
    }
    if (raw == Optional.class) {
      return value == null
          ? Optional.empty()
          : Optional.of(convert(part(type, 0), value, null, key));
    }
    if (value == null) {
      if (raw.isPrimitive() || raw.isRecord() || List.class == raw || Map.class == raw) {
        throw wrong(key, null, type);
      }
      return null;
    }
    if (raw == Object.class) {
      return value instanceof Map<?, ?> map
          ? convert(Map.class, map, base instanceof Map ? base : null, key)
          : value;
    }
    if (raw.isRecord()) {
      if (value instanceof Map<?, ?> map) {
        return build(raw, stringKeys(map, key), (Record) base, key + ".");
      }
      throw wrong(key, value, type);
    }
    if (raw == List.class && value instanceof List<?> list) {
      List<Object> items = new ArrayList<>();
      for (int i = 0; i < list.size(); i++) {
        items.add(convert(part(type, 0), list.get(i), null, key + "." + i));
      }
      return Collections.unmodifiableList(items);
    }
    if (raw == Map.class && value instanceof Map<?, ?> map) {
      Map<String, Object> items =
          base == null ? new LinkedHashMap<>() : stringKeys((Map<?, ?>) base, key);
      stringKeys(map, key)
          .forEach((k, v) -> items.put(k, convert(part(type, 1), v, null, key + "." + k)));
      return Collections.unmodifiableMap(items);
    }
    if (raw.isEnum() && value instanceof String text) {
      String wanted = spelled(text);
      for (Object constant : raw.getEnumConstants()) {
        if (spelled(constant.toString()).equals(wanted)
            || spelled(((Enum<?>) constant).name()).equals(wanted)) {
          return constant;
        }
      }
      throw wrong(key, value, type);
    }
    return scalar(raw, value, key, type);
  }

  private static Object scalar(Class<?> raw, Object value, String key, Type type) {
    if (raw == boolean.class || raw == Boolean.class) {
      if (value instanceof Boolean) {
        return value;
      }
    } else if (raw == int.class || raw == Integer.class) {
      Long whole = whole(value);
      if (whole != null && whole == whole.intValue()) {
        return whole.intValue();
      }
    } else if (raw == long.class || raw == Long.class) {
      Long whole = whole(value);
      if (whole != null) {
        return whole;
      }
    } else if (raw == double.class || raw == Double.class) {
      Double real = real(value);
      if (real != null) {
        return real;
      }
    } else if (raw == float.class || raw == Float.class) {
      Double real = real(value);
      if (real != null) {
        return real.floatValue();
      }
    } else if (raw == String.class && !(value instanceof Map) && !(value instanceof List)) {
      return value.toString();
    } else if (raw == Path.class && value instanceof String text) {
      return Path.of(text);
    }
    throw wrong(key, value, type);
  }

  private static Long whole(Object value) {
    if (value instanceof Integer || value instanceof Long) {
      return ((Number) value).longValue();
    }
    if (value instanceof BigInteger) {
      return null;
    }
    Double real = real(value);
    // 1e6 is a whole number that YAML does not see as one.
    return real != null && real == Math.rint(real) && Math.abs(real) <= (1L << 53)
        ? Long.valueOf(real.longValue())
        : null;
  }

  private static Double real(Object value) {
    if (value instanceof Number number) {
      return number.doubleValue();
    }
    return value instanceof String text ? number(text).orElse(null) : null;
  }

  private static Record build(Class<?> type, Map<String, ?> values, Record base, String prefix) {
    RecordComponent[] components = type.getRecordComponents();
    Map<String, Object> left = new LinkedHashMap<>(values);
    Object[] arguments = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      RecordComponent component = components[i];
      Object old = base == null ? null : get(base, component);
      String key = prefix + component.getName();
      if (left.containsKey(component.getName())) {
        arguments[i] =
            convert(component.getGenericType(), left.remove(component.getName()), old, key);
      } else if (base != null) {
        arguments[i] = old;
      } else {
        arguments[i] = absent(component, key);
      }
    }
    if (!left.isEmpty()) {
      String given = left.keySet().iterator().next();
      List<String> known =
          base == null
              ? Arrays.stream(components).map(c -> prefix + c.getName()).toList()
              : keys(base, prefix).toList();
      throw new UserException(
          "unknown key '"
              + prefix
              + given
              + "'"
              + NearestName.suggestion(prefix + given, known)
              + " (known: "
              + String.join(", ", known)
              + ")");
    }
    return construct(type, components, arguments, prefix);
  }

  private static Object absent(RecordComponent component, String key) {
    Class<?> raw = component.getType();
    if (raw == List.class) {
      return List.of();
    }
    if (raw == Map.class) {
      return Map.of();
    }
    if (raw == Optional.class) {
      return Optional.empty();
    }
    throw new UserException(
        "key '" + key + "' is missing; expected " + describe(component.getGenericType()));
  }

  private static Record construct(
      Class<?> type, RecordComponent[] components, Object[] values, String prefix) {
    try {
      var constructor =
          type.getDeclaredConstructor(
              Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new));
      constructor.setAccessible(true);
      return (Record) constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof UserException refusal) {
        throw refusal;
      }
      if (e.getCause() instanceof IllegalArgumentException refusal) {
        String where = prefix.isEmpty() ? "" : prefix.substring(0, prefix.length() - 1) + ": ";
        throw new UserException(where + refusal.getMessage(), refusal);
      }
      throw new IllegalStateException("cannot construct " + type.getName(), e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot construct " + type.getName(), e);
    }
  }

  private static Object get(Record config, RecordComponent component) {
    try {
      var accessor = component.getAccessor();
      accessor.setAccessible(true);
      return accessor.invoke(config);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot read " + component, e);
    }
  }

  private static Object plain(Object value) {
    if (value instanceof Record record) {
      return toMap(record);
    }
    if (value instanceof Optional<?> optional) {
      return plain(optional.orElse(null));
    }
    if (value instanceof Enum<?> constant) {
      return spelled(constant.name());
    }
    if (value instanceof Path path) {
      return path.toString();
    }
    if (value instanceof Map<?, ?> map) {
      Map<String, Object> copy = new LinkedHashMap<>();
      map.forEach((k, v) -> copy.put(String.valueOf(k), plain(v)));
      return copy;
    }
    if (value instanceof List<?> list) {
      return list.stream().map(Configs::plain).collect(Collectors.toCollection(ArrayList::new));
    }
    if (value != null && value.getClass().isArray()) {
      List<Object> items = new ArrayList<>();
      for (int i = 0; i < Array.getLength(value); i++) {
        items.add(plain(Array.get(value, i)));
      }
      return items;
    }
    return value;
  }

  private static String spelled(String name) {
    return name.toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static Map<String, Object> stringKeys(Map<?, ?> map, String where) {
    Map<String, Object> result = new LinkedHashMap<>();
    map.forEach(
        (k, v) -> {
          if (k == null) {
            throw new UserException(where + ": a key is empty");
          }
          result.put(k.toString(), v);
        });
    return result;
  }

  private static UserException wrong(String key, Object value, Type expected) {
    if (value instanceof Map<?, ?> map && map.values().stream().anyMatch(Text.class::isInstance)) {
      return new UserException(
          "unknown key '"
              + key
              + "."
              + map.keySet().iterator().next()
              + "': '"
              + key
              + "' has no parts");
    }
    return new UserException(
        "key '" + key + "' is '" + value + "'; expected " + describe(expected));
  }

  private static String describe(Type type) {
    Class<?> raw = raw(type);
    if (raw == int.class || raw == Integer.class || raw == long.class || raw == Long.class) {
      return "a whole number";
    }
    if (raw == double.class || raw == Double.class || raw == float.class || raw == Float.class) {
      return "a number";
    }
    if (raw == boolean.class || raw == Boolean.class) {
      return "true or false";
    }
    if (raw.isEnum()) {
      return Arrays.stream(raw.getEnumConstants())
          .map(c -> spelled(((Enum<?>) c).name()))
          .collect(Collectors.joining(", ", "one of ", ""));
    }
    if (raw == List.class) {
      return "a list, each item " + describe(part(type, 0));
    }
    if (raw == Optional.class) {
      return describe(part(type, 0));
    }
    if (raw == Map.class) {
      return "a map";
    }
    if (raw.isRecord()) {
      return Arrays.stream(raw.getRecordComponents())
          .map(RecordComponent::getName)
          .collect(Collectors.joining(", ", "a map of ", ""));
    }
    return raw == Path.class ? "a path" : "text";
  }

  private static Class<?> raw(Type type) {
    if (type instanceof ParameterizedType parameterized) {
      return (Class<?>) parameterized.getRawType();
    }
    return type instanceof Class<?> c ? c : Object.class;
  }

  private static Type part(Type type, int index) {
    return type instanceof ParameterizedType parameterized
        ? parameterized.getActualTypeArguments()[index]
        : Object.class;
  }

  @SuppressWarnings("unchecked")
  private static <R extends Record> R typed(R like, Record built) {
    return (R) Objects.requireNonNull(like).getClass().cast(built);
  }

  private static String position(JsonProcessingException e) {
    return e.getLocation() == null ? "" : "line " + e.getLocation().getLineNr() + ": ";
  }

  private static String firstLine(JsonProcessingException e) {
    return Objects.requireNonNullElse(e.getOriginalMessage(), "unreadable")
        .lines()
        .findFirst()
        .orElse("");
  }
}
