package org.attentionzoo.eval.cab;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Function;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.PatternMixer;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.eval.bench.Rounds;
import org.attentionzoo.eval.bench.Rounds.Timing;
import org.attentionzoo.models.MixerEntry;
import org.attentionzoo.models.PatternMixerEntry;

/**
 * Runs attentions in the patterns that they declare beside plain attention in the same pattern:
 * does each do what the pattern means, what does it cost, from which length on does it cost less.
 *
 * <p>Time is that of prediction. Memory is the bytes of all arrays that a pass makes where nothing
 * is hidden in kernels, on the plain path; a linear attention whose plain path forms the whole
 * pattern has no efficiency length in it.
 */
public final class CabBench {

  private static final int SHORTEST_FIT = 3;
  private static final int WARMUPS = 1;
  private static final long SEED = 1;

  /**
   * What is measured.
   *
   * @param sizes the width and heads of all attentions
   * @param batch how many sequences
   * @param lengths of target and source, rising
   * @param rounds how often each is timed, and which time counts
   */
  public record Plan(MixerEntry.Sizes sizes, int batch, List<Integer> lengths, Rounds.Plan rounds) {

    /** Checks the numbers. */
    public Plan {
      lengths = List.copyOf(lengths);
      if (batch < 1) {
        throw new UserException("batch " + batch + " was given; it must be 1 or more");
      }
      for (int i = 0; i < lengths.size(); i++) {
        if (lengths.get(i) < 1 || (i > 0 && lengths.get(i) <= lengths.get(i - 1))) {
          throw new UserException(
              "lengths " + lengths + " were given; expected rising ones from 1");
        }
      }
      if (lengths.size() < SHORTEST_FIT) {
        throw new UserException(
            "lengths " + lengths + " were given; fits need at least " + SHORTEST_FIT);
      }
    }
  }

  /**
   * What was found of an attention in a pattern.
   *
   * @param mixer its name
   * @param finding whether it does what the pattern means
   * @param times of a pass, by length
   * @param bytes of all arrays of a pass on the plain path, by length
   * @param timeLength from which length on it takes less time than plain attention; empty if the
   *     fits do not meet
   * @param memoryLength from which length on its arrays are smaller, likewise
   */
  public record Row(
      String mixer,
      PatternCheck.Finding finding,
      Map<Integer, Timing> times,
      Map<Integer, Long> bytes,
      OptionalDouble timeLength,
      OptionalDouble memoryLength) {}

  private final Plan plan;
  private final PatternMixerEntry plain;

  /**
   * A benchmark.
   *
   * @param plan what is measured
   * @param plain plain attention, which supports all patterns
   */
  public CabBench(Plan plan, PatternMixerEntry plain) {
    this.plan = plan;
    this.plain = plain;
  }

  /**
   * Runs it.
   *
   * @param manager decides the device
   * @param entries the attentions
   * @param patterns in which each runs; empty for those that it declares
   * @return a row for each attention and pattern
   * @throws UserException if an attention does not support a pattern; before anything is measured
   */
  public List<Row> run(
      NDManager manager, List<PatternMixerEntry> entries, List<AttentionPattern> patterns) {
    Map<PatternMixerEntry, List<AttentionPattern>> wanted = new LinkedHashMap<>();
    for (PatternMixerEntry entry : entries) {
      PatternMixer mixer = entry.factory().make(plan.sizes(), AttentionPattern.NONCAUSAL_SELF);
      try {
        patterns.forEach(mixer::require);
      } catch (UserException e) {
        throw new UserException(entry.name() + ": " + e.getMessage(), e);
      }
      wanted.put(entry, patterns.isEmpty() ? List.copyOf(mixer.patterns()) : patterns);
    }
    List<Row> rows = new ArrayList<>();
    for (AttentionPattern pattern : AttentionPattern.values()) {
      List<PatternMixerEntry> of =
          entries.stream().filter(entry -> wanted.get(entry).contains(pattern)).toList();
      if (!of.isEmpty()) {
        rows.addAll(run(manager, of, pattern));
      }
    }
    return rows;
  }

  private List<Row> run(
      NDManager manager, List<PatternMixerEntry> entries, AttentionPattern pattern) {
    List<PatternMixerEntry> all = new ArrayList<>(List.of(plain));
    entries.stream().filter(entry -> !entry.name().equals(plain.name())).forEach(all::add);
    Map<String, PatternMixer> mixers = new LinkedHashMap<>();
    Map<String, Map<Integer, Timing>> times = new LinkedHashMap<>();
    Map<String, Map<Integer, Long>> bytes = new LinkedHashMap<>();
    try (NDManager scope = manager.newSubManager()) {
      for (PatternMixerEntry entry : all) {
        JniUtils.setSeed(SEED);
        PatternMixer mixer = entry.factory().make(plan.sizes(), pattern);
        mixer.initialize(scope, DataType.FLOAT32);
        mixers.put(entry.name(), mixer);
        times.put(entry.name(), new LinkedHashMap<>());
        bytes.put(entry.name(), new LinkedHashMap<>());
      }
      for (int length : plan.lengths()) {
        try (NDManager inner = scope.newSubManager()) {
          Shape shape = new Shape(plan.batch(), length, plan.sizes().width());
          NDArray target = inner.randomNormal(shape);
          NDArray source = pattern.isCross() ? inner.randomNormal(shape) : target;
          Map<String, Runnable> work = new LinkedHashMap<>();
          mixers.forEach(
              (name, mixer) -> {
                work.put(name, () -> pass(mixer, pattern, target, source, true));
                bytes.get(name).put(length, pass(mixer, pattern, target, source, false));
              });
          Rounds.run(work, WARMUPS, plan.rounds())
              .forEach((name, timing) -> times.get(name).put(length, timing));
        }
      }
      List<Row> rows = new ArrayList<>();
      for (PatternMixerEntry entry : entries) {
        String name = entry.name();
        PatternMixer mixer = mixers.get(name);
        rows.add(
            new Row(
                name,
                PatternCheck.check(mixer, scope, pattern, plan.sizes().width()),
                times.get(name),
                bytes.get(name),
                length(times, name, Timing::median, true),
                length(bytes, name, Long::doubleValue, false)));
      }
      return rows;
    }
  }

  /** The bytes of all arrays that the pass made. */
  private static long pass(
      PatternMixer mixer, AttentionPattern pattern, NDArray target, NDArray source, boolean fast) {
    try (NDManager scope = target.getManager().newSubManager();
        GradientMode ignored = GradientMode.off()) {
      Pass pass = Pass.inference(new ParameterStore(scope, false));
      NDArray given = target.stopGradient();
      given.attach(scope);
      NDArray read = given;
      if (pattern.isCross()) {
        read = source.stopGradient();
        read.attach(scope);
      }
      mixer.attend(fast ? pass : pass.onPlainPath(), pattern, given, read, Sequences.FULL);
      return scope.getManagedArrays().stream()
          .mapToLong(a -> a.size() * a.getDataType().getNumOfBytes())
          .sum();
    }
  }

  private <N> OptionalDouble length(
      Map<String, Map<Integer, N>> costs, String name, Function<N, Double> number, boolean skip) {
    if (name.equals(plain.name())) {
      return OptionalDouble.empty();
    }
    double length =
        EfficiencyLength.of(
            plan.lengths().stream().mapToDouble(n -> n).toArray(),
            costs.get(plain.name()).values().stream().mapToDouble(number::apply).toArray(),
            costs.get(name).values().stream().mapToDouble(number::apply).toArray(),
            skip);
    return length > 0 && Double.isFinite(length)
        ? OptionalDouble.of(length)
        : OptionalDouble.empty();
  }
}
