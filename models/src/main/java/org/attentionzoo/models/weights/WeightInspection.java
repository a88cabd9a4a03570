package org.attentionzoo.models.weights;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * What is in weights, without loading an engine: tensors, totals, and what a user should look at
 * before using them.
 *
 * @param tensors in the order of the source
 * @param values how many values all tensors have together
 * @param bytes how many bytes
 * @param valuesByType how many values of each type
 * @param suspicious what may be a mistake, one sentence each without a full stop
 */
public record WeightInspection(
    List<Tensor> tensors,
    long values,
    long bytes,
    Map<TensorType, Long> valuesByType,
    List<String> suspicious) {

  private static final int MOST_LISTED = 10;

  /**
   * A tensor.
   *
   * @param info name, type and shape
   * @param nans how many values are NaN; 0 if values were not looked at
   * @param infinities how many are infinite
   * @param zero whether there are values and all are zero
   * @param sameAs the first other tensor of the same type with the same bytes; null if there is
   *     none
   */
  public record Tensor(TensorInfo info, long nans, long infinities, boolean zero, String sameAs) {}

  /** Copies the collections. */
  public WeightInspection {
    tensors = List.copyOf(tensors);
    suspicious = List.copyOf(suspicious);
    valuesByType = Collections.unmodifiableMap(new EnumMap<>(valuesByType));
  }

  /**
   * Looks at weights.
   *
   * @param source the weights
   * @param values whether to look at values too, which reads everything
   * @param progress is told each tensor that is done
   * @return what there is
   * @throws IOException if reading fails
   */
  public static WeightInspection of(
      StoredWeights source, boolean values, Consumer<TensorInfo> progress) throws IOException {
    List<Tensor> tensors = new ArrayList<>();
    Map<String, String> firsts = new LinkedHashMap<>();
    Map<TensorType, Long> byType = new EnumMap<>(TensorType.class);
    List<String> booleans = new ArrayList<>();
    long count = 0;
    long bytes = 0;
    for (TensorInfo info : source.tensors().values()) {
      count += info.shape().size();
      bytes += info.bytes();
      byType.merge(info.type(), info.shape().size(), Long::sum);
      if (values) {
        ValueScan scan = new ValueScan(info.type());
        source.copy(info.name(), scan);
        scan.close();
        String first =
            info.shape().size() < 2
                ? null
                : firsts.putIfAbsent(info.type() + " " + scan.hash(), info.name());
        boolean zero = info.bytes() > 0 && scan.isZero();
        tensors.add(new Tensor(info, scan.nans(), scan.infinities(), zero, zero ? null : first));
        if (scan.strangeBooleans() > 0) {
          booleans.add(info.name());
        }
      } else {
        tensors.add(new Tensor(info, 0, 0, false, null));
      }
      progress.accept(info);
    }
    return new WeightInspection(tensors, count, bytes, byType, suspicious(tensors, booleans));
  }

  private static List<String> suspicious(List<Tensor> tensors, List<String> booleans) {
    List<String> found = new ArrayList<>();
    if (tensors.isEmpty()) {
      found.add("there is no tensor");
    }
    add(found, "NaN", tensors.stream().filter(t -> t.nans() > 0).map(Tensor::info).toList());
    add(
        found,
        "infinite values",
        tensors.stream().filter(t -> t.infinities() > 0).map(Tensor::info).toList());
    add(found, "only zeros", tensors.stream().filter(Tensor::zero).map(Tensor::info).toList());
    add(
        found,
        "no values",
        tensors.stream().map(Tensor::info).filter(t -> t.bytes() == 0).toList());
    List<String> same =
        tensors.stream()
            .filter(t -> t.sameAs() != null)
            .map(t -> Shown.of(t.info().name()) + " = " + Shown.of(t.sameAs()))
            .toList();
    if (!same.isEmpty()) {
      found.add("the same values: " + listed(same));
    }
    if (!booleans.isEmpty()) {
      found.add("booleans other than 0 and 1: " + listed(booleans));
    }
    List<String> unreadable =
        tensors.stream()
            .map(Tensor::info)
            .filter(t -> t.type().dataType() == null)
            .map(t -> Shown.of(t.name()) + " (" + t.type() + ")")
            .toList();
    if (!unreadable.isEmpty()) {
      found.add("of types that can be copied, but not computed with: " + listed(unreadable));
    }
    return found;
  }

  private static void add(List<String> found, String what, List<TensorInfo> tensors) {
    if (!tensors.isEmpty()) {
      found.add(what + ": " + listed(tensors.stream().map(t -> Shown.of(t.name())).toList()));
    }
  }

  private static String listed(List<String> names) {
    return String.join(", ", names.stream().limit(MOST_LISTED).toList())
        + (names.size() > MOST_LISTED ? " and " + (names.size() - MOST_LISTED) + " more" : "");
  }
}
