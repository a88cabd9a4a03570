package org.attentionzoo.eval.profile;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.UserException;

/**
 * The operators that libtorch ran, from a trace of {@link Profiler}. Immutable.
 *
 * @param calls in the order of the file
 */
public record Trace(List<Call> calls) {

  /**
   * One call of an operator.
   *
   * @param name for example {@code aten::mm}
   * @param thread its thread's number
   * @param start microseconds since the trace began
   * @param duration microseconds, with all that it called
   * @param shapes of its arguments; empty for those that are no tensors
   */
  public record Call(
      String name, String thread, double start, double duration, List<List<Long>> shapes) {}

  /**
   * All calls of an operator together.
   *
   * @param name for example {@code aten::mm}
   * @param calls how many
   * @param milliseconds in itself, without the operators that it called
   */
  public record Operator(String name, long calls, double milliseconds) {}

  /** Copies the calls. */
  public Trace {
    calls = List.copyOf(calls);
  }

  /**
   * Reads a trace.
   *
   * @param file what {@link Profiler} wrote
   * @return the trace
   * @throws UserException if it is none
   */
  public static Trace read(Path file) {
    List<Call> calls = new ArrayList<>();
    try (MappingIterator<JsonNode> events =
        new ObjectMapper().readerFor(JsonNode.class).readValues(file.toFile())) {
      while (events.hasNextValue()) {
        JsonNode event = events.nextValue();
        if (event.path("ph").asText().equals("X")) {
          calls.add(call(event));
        }
      }
      return new Trace(calls);
    } catch (JsonProcessingException e) {
      throw new UserException(file + " is no trace of the profiler: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new UserException("cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  private static Call call(JsonNode event) {
    List<List<Long>> shapes = new ArrayList<>();
    for (JsonNode shape : event.path("shape")) {
      List<Long> sizes = new ArrayList<>();
      shape.forEach(size -> sizes.add(size.asLong()));
      shapes.add(sizes);
    }
    return new Call(
        event.path("name").asText(),
        event.path("tid").asText(),
        event.path("ts").asDouble(),
        event.path("dur").asDouble(),
        shapes);
  }

  /**
   * The operators, the dearest first.
   *
   * @return one entry for each name
   */
  public List<Operator> operators() {
    Map<String, long[]> counts = new HashMap<>();
    Map<String, double[]> times = new LinkedHashMap<>();
    Map<String, List<Call>> threads = new LinkedHashMap<>();
    calls.forEach(call -> threads.computeIfAbsent(call.thread(), t -> new ArrayList<>()).add(call));
    for (List<Call> thread : threads.values()) {
      thread.sort(
          Comparator.comparingDouble(Call::start)
              .thenComparing(Comparator.comparingDouble(Call::duration).reversed()));
      Deque<Call> open = new ArrayDeque<>();
      for (Call call : thread) {
        while (!open.isEmpty() && open.peek().start() + open.peek().duration() <= call.start()) {
          open.pop();
        }
        if (!open.isEmpty()) {
          times.computeIfAbsent(open.peek().name(), n -> new double[1])[0] -= call.duration();
        }
        times.computeIfAbsent(call.name(), n -> new double[1])[0] += call.duration();
        counts.computeIfAbsent(call.name(), n -> new long[1])[0]++;
        open.push(call);
      }
    }
    List<Operator> operators = new ArrayList<>();
    times.forEach(
        (name, time) -> operators.add(new Operator(name, counts.get(name)[0], time[0] / 1000)));
    operators.sort(Comparator.comparingDouble(Operator::milliseconds).reversed());
    return operators;
  }

  /**
   * Counts the floating-point operations of matrix products, convolutions and fused attention, two
   * for each multiplication with its addition; what is elementwise is not counted, nor what fused
   * attention computes a second time in its backward pass. Convolutions are counted by their
   * backward pass, so a trace without one has none.
   *
   * @param causal whether fused attention leaves out half of its products
   * @return the number
   */
  public double floatingPointOperations(boolean causal) {
    double sum = 0;
    for (Call call : calls) {
      sum += operations(call, causal ? 0.5 : 1);
    }
    return sum;
  }

  private static double operations(Call call, double attended) {
    if (call.shapes().isEmpty()) {
      return 0;
    }
    return switch (call.name()) {
      case "aten::mm", "aten::bmm" -> product(arguments(call, 2));
      case "aten::addmm", "aten::baddbmm", "aten::addbmm" ->
          product(arguments(call, 5).subList(1, 3));
      case "aten::convolution_backward" -> convolution(arguments(call, 11));
      case "aten::_scaled_dot_product_flash_attention_for_cpu" ->
          attended * attention(arguments(call, 7));
      case "aten::_scaled_dot_product_flash_attention_for_cpu_backward" ->
          2 * attended * attention(arguments(call, 10).subList(1, 4));
      default -> 0;
    };
  }

  /**
   * The shapes of an operator's arguments, which are the last ones: a kernel's call is recorded
   * with all that lies on the interpreter's stack below them.
   */
  private static List<List<Long>> arguments(Call call, int count) {
    List<List<Long>> shapes = call.shapes();
    return shapes.subList(shapes.size() - count, shapes.size());
  }

  /** (..., m, k) times (..., k, n). */
  private static double product(List<List<Long>> factors) {
    List<Long> right = factors.get(1);
    return 2 * size(factors.get(0)) * right.get(right.size() - 1);
  }

  /** Gradients of input and weight, and the forward pass before: each as many as the others. */
  private static double convolution(List<List<Long>> shapes) {
    List<Long> output = shapes.get(0);
    List<Long> input = shapes.get(1);
    List<Long> weight = shapes.get(2);
    // The kernel's first size is the channels that it makes; those that it takes, if transposed.
    List<Long> pixels = output.get(1).equals(weight.get(0)) ? output : input;
    return 3 * 2 * size(pixels) * size(weight) / weight.get(0);
  }

  /** Queries (B, H, L, D), keys (B, H, S, D), values (B, H, S, E). */
  private static double attention(List<List<Long>> shapes) {
    List<Long> queries = shapes.get(0);
    List<Long> keys = shapes.get(1);
    List<Long> values = shapes.get(2);
    double pairs = size(queries) / queries.get(3) * keys.get(2);
    return 2 * pairs * (queries.get(3) + values.get(3));
  }

  private static double size(List<Long> shape) {
    return shape.stream().mapToDouble(Long::doubleValue).reduce(1, (a, b) -> a * b);
  }
}
