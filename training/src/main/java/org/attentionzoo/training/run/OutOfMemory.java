package org.attentionzoo.training.run;

import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.attentionzoo.blocks.UserException;

/** Tells a failure for want of memory from others, and what would fit. Thread safety: stateless. */
public final class OutOfMemory {

  private static final double GIGABYTE = 1 << 30;

  /** What libtorch's allocators say, on the CPU and on a GPU, and the C++ and Java ones. */
  private static final Pattern SIGN =
      Pattern.compile(
          "can't allocate memory|not enough memory|CUDA out of memory|CUDA error: out of memory"
              + "|std::bad_alloc|Java heap space|Storage size calculation overflowed|[Cc]annot reserve \\d+ bytes of direct buffer memory");

  private static final Pattern ASKED = Pattern.compile("tried to allocate (\\d+) bytes");

  private OutOfMemory() {}

  /**
   * Whether something failed for want of native memory.
   *
   * @param failure what was thrown
   * @return true if it, or what caused it, says so
   */
  public static boolean is(Throwable failure) {
    for (Throwable e = failure; e != null; e = e.getCause()) {
      if (e.getMessage() != null && SIGN.matcher(e.getMessage()).find()) {
        return true;
      }
    }
    return false;
  }

  /**
   * What to tell the user.
   *
   * @param failure what was thrown
   * @param config the run's config
   * @param step the step that failed, counted from 1
   * @param inputs the shapes of the batch's inputs; none if it was not made yet
   * @param saved where the run can go on, in words
   * @return the message and advice
   */
  static UserException explain(
      Throwable failure, RunConfig config, long step, List<Shape> inputs, String saved) {
    long asked = asked(failure);
    StringBuilder text = new StringBuilder();
    text.append("out of memory in step ").append(step);
    if (!inputs.isEmpty()) {
      text.append(", inputs of shape ");
      text.append(String.join(", ", inputs.stream().map(Shape::toString).toList()));
    }
    Optional<Memory> memory = Memory.of(config.device().equals("cpu"));
    text.append(figures(asked, memory)).append("; ").append(saved).append(". What takes less: ");
    List<String> advice = new ArrayList<>();
    if (config.task().get("batch") instanceof Number batch && batch.longValue() > 1) {
      long parts = parts(batch.longValue(), asked, memory);
      advice.add(
          "a new run with task.batch="
              + batch.longValue() / parts
              + " accumulate="
              + config.accumulate() * parts
              + " (steps of as many examples in about "
              + (parts == 2 ? "half" : "1/" + parts)
              + " of the memory)");
    }
    if (!config.gradientCheckpointing()) {
      advice.add("gradientCheckpointing=true, with which this run may go on too");
    }
    if (config.task().get("length") instanceof Number length && length.longValue() > 1) {
      advice.add("a shorter task.length than " + length);
    }
    if (config.prefetch() > 0) {
      advice.add("prefetch=0");
    }
    if (advice.isEmpty()) {
      advice.add("a smaller model or smaller batches");
    }
    text.append(String.join("; ", advice));
    return new UserException(text.toString(), failure);
  }

  /**
   * What to tell the user of something that is no step.
   *
   * @param failure what was thrown
   * @param when for example {@code in the evaluation}
   * @param cpu whether it was on the CPU
   * @param advice what takes less
   * @return the message and advice
   */
  public static UserException explain(Throwable failure, String when, boolean cpu, String advice) {
    return new UserException(
        "out of memory "
            + when
            + figures(asked(failure), Memory.of(cpu))
            + "; "
            + advice
            + " takes less",
        failure);
  }

  private static String figures(long asked, Optional<Memory> memory) {
    List<String> figures = new ArrayList<>();
    memory.ifPresent(
        m ->
            figures.add(
                String.format(
                    Locale.ROOT,
                    "the process has %.1f GB, the machine %.1f GB more",
                    m.resident() / GIGABYTE,
                    m.available() / GIGABYTE)));
    memory
        .map(Memory::limit)
        .orElse(OptionalLong.empty())
        .ifPresent(
            limit ->
                figures.add(
                    String.format(
                        Locale.ROOT,
                        "the process may have %.1f GB (ulimit -d)",
                        limit / GIGABYTE)));
    if (asked > 0) {
      figures.add(String.format(Locale.ROOT, "libtorch asked for %.1f GB", asked / GIGABYTE));
    }
    return figures.isEmpty() ? "" : ": " + String.join(", ", figures);
  }

  /**
   * In how many parts a batch would fit. A step needs at least what the process has and what it was
   * refused, nearly all of it in proportion to the batch.
   */
  private static long parts(long batch, long asked, Optional<Memory> memory) {
    long parts = 2;
    if (memory.isPresent()) {
      double needed = memory.get().resident() + (double) asked;
      double there =
          Math.min(
              memory.get().resident() + (double) memory.get().available(),
              memory.get().limit().orElse(Long.MAX_VALUE));
      while (parts < batch && needed / parts > there) {
        parts *= 2;
      }
    }
    while (batch % parts != 0 && parts < batch) {
      parts++;
    }
    return Math.min(parts, batch);
  }

  /** What the process has, what the machine has left, and what the process may have, in bytes. */
  private record Memory(long resident, long available, OptionalLong limit) {

    /** Nothing where the machine does not tell, or the memory is that of another device. */
    static Optional<Memory> of(boolean cpu) {
      OptionalLong resident = ProcessMemory.resident();
      OptionalLong available = ProcessMemory.available();
      return cpu && resident.isPresent() && available.isPresent()
          ? Optional.of(
              new Memory(resident.getAsLong(), available.getAsLong(), ProcessMemory.limit()))
          : Optional.empty();
    }
  }

  private static long asked(Throwable failure) {
    for (Throwable e = failure; e != null; e = e.getCause()) {
      Matcher matcher = ASKED.matcher(String.valueOf(e.getMessage()));
      if (matcher.find()) {
        return Long.parseLong(matcher.group(1));
      }
    }
    return 0;
  }
}
