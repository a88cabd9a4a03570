package org.attentionzoo.models.onnx;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Whole numbers as arithmetic on the sizes of values. A number is known by what it is in each of
 * several recordings; an expression is taken only if it gives the number of every one.
 */
final class SizeExpressions {

  /** Adds an operation to the graph and returns its result's name. */
  @FunctionalInterface
  interface Emitter {
    String emit(String operator, List<String> inputs, Map<String, Object> attributes);
  }

  /** An axis of a value. */
  private record Axis(String value, int axis) {}

  private static final long MOST_FACTOR = 1 << 20;

  private final Emitter emitter;
  private final Function<long[], String> constant;
  private final Map<List<Long>, Axis> axes = new LinkedHashMap<>();
  private final Map<List<Long>, String> written = new HashMap<>();
  private final Map<String, String> shapes = new HashMap<>();

  SizeExpressions(Emitter emitter, Function<long[], String> constant) {
    this.emitter = emitter;
    this.constant = constant;
  }

  /** Learns the size of an axis; the first value that has it is asked for it. */
  void know(long[] sizes, String value, int axis) {
    if (Arrays.stream(sizes).anyMatch(s -> s != sizes[0])) {
      axes.putIfAbsent(key(sizes), new Axis(value, axis));
    }
  }

  /**
   * Writes a number.
   *
   * @param wanted what it is in each recording
   * @return the name of an int64 tensor of one value and one axis; empty if no expression fits
   */
  Optional<String> of(long... wanted) {
    List<Long> key = key(wanted);
    String known = written.get(key);
    if (known == null) {
      known = write(wanted);
      if (known != null) {
        written.put(key, known);
      }
    }
    return Optional.ofNullable(known);
  }

  private String write(long... wanted) {
    if (Arrays.stream(wanted).allMatch(w -> w == wanted[0])) {
      return constant.apply(new long[] {wanted[0]});
    }
    if (axes.containsKey(key(wanted))) {
      return size(axes.get(key(wanted)));
    }
    String found = linear(wanted);
    found = found == null ? product(wanted) : found;
    return found == null ? sum(wanted) : found;
  }

  /** factor * size + offset. */
  private String linear(long... wanted) {
    for (Map.Entry<List<Long>, Axis> entry : axes.entrySet()) {
      long[] sizes = longs(entry.getKey());
      int other = 1;
      while (sizes[other] == sizes[0]) {
        other++;
      }
      long step = sizes[other] - sizes[0];
      long difference = wanted[other] - wanted[0];
      if (difference == 0 || difference % step != 0) {
        continue;
      }
      long factor = difference / step;
      long offset = wanted[0] - factor * sizes[0];
      if (Math.abs(factor) < MOST_FACTOR && fits(wanted, sizes, factor, offset)) {
        return plus(times(size(entry.getValue()), factor), offset);
      }
    }
    return null;
  }

  /** factor * size * size. */
  private String product(long... wanted) {
    for (Map.Entry<List<Long>, Axis> first : axes.entrySet()) {
      for (Map.Entry<List<Long>, Axis> second : axes.entrySet()) {
        long[] sizes = longs(first.getKey());
        for (int i = 0; i < sizes.length; i++) {
          sizes[i] *= second.getKey().get(i);
        }
        if (sizes[0] != 0 && wanted[0] % sizes[0] == 0) {
          long factor = wanted[0] / sizes[0];
          if (factor != 0 && fits(wanted, sizes, factor, 0)) {
            String product =
                emitter.emit(
                    "Mul", List.of(size(first.getValue()), size(second.getValue())), Map.of());
            return times(product, factor);
          }
        }
      }
    }
    return null;
  }

  /** size + size + offset, or size - size + offset. */
  private String sum(long... wanted) {
    for (Map.Entry<List<Long>, Axis> first : axes.entrySet()) {
      for (Map.Entry<List<Long>, Axis> second : axes.entrySet()) {
        for (int sign : new int[] {1, -1}) {
          long[] sizes = longs(first.getKey());
          for (int i = 0; i < sizes.length; i++) {
            sizes[i] += sign * second.getKey().get(i);
          }
          if (fits(wanted, sizes, 1, wanted[0] - sizes[0])) {
            String both =
                emitter.emit(
                    sign > 0 ? "Add" : "Sub",
                    List.of(size(first.getValue()), size(second.getValue())),
                    Map.of());
            return plus(both, wanted[0] - sizes[0]);
          }
        }
      }
    }
    return null;
  }

  private static boolean fits(long[] wanted, long[] sizes, long factor, long offset) {
    for (int i = 0; i < wanted.length; i++) {
      if (wanted[i] != factor * sizes[i] + offset) {
        return false;
      }
    }
    return true;
  }

  private String times(String value, long factor) {
    return factor == 1
        ? value
        : emitter.emit("Mul", List.of(value, constant.apply(new long[] {factor})), Map.of());
  }

  private String plus(String value, long offset) {
    return offset == 0
        ? value
        : emitter.emit("Add", List.of(value, constant.apply(new long[] {offset})), Map.of());
  }

  private String size(Axis axis) {
    String shape =
        shapes.computeIfAbsent(axis.value(), v -> emitter.emit("Shape", List.of(v), Map.of()));
    return written.computeIfAbsent(
        sizesOf(axis),
        k ->
            emitter.emit(
                "Gather",
                List.of(shape, constant.apply(new long[] {axis.axis()})),
                Map.of("axis", 0L)));
  }

  private List<Long> sizesOf(Axis axis) {
    return axes.entrySet().stream()
        .filter(e -> e.getValue().equals(axis))
        .findFirst()
        .orElseThrow()
        .getKey();
  }

  private static List<Long> key(long... numbers) {
    return Arrays.stream(numbers).boxed().toList();
  }

  private static long[] longs(List<Long> numbers) {
    return numbers.stream().mapToLong(Long::longValue).toArray();
  }
}
