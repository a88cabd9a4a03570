package org.attentionzoo.models.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import com.google.protobuf.CodedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.attentionzoo.blocks.AtomicFile;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;

/**
 * Writes models as ONNX files whose sizes are free: the plain path is recorded at several sizes,
 * one graph is made of the recordings, and the file is run in ONNX Runtime at sizes that were not
 * recorded before it gets its name.
 */
public final class OnnxExport {

  /** The version of the standard operations. */
  public static final int OPERATIONS = 17;

  /** How far a file may be from the model, relative to the largest value or to 1. */
  public static final double TOLERANCE = 1e-4;

  /** What small values may be apart, whatever their size, and by which share of the largest. */
  private static final double ROUNDING = 1e-6;

  private static final double LARGEST_SHARE = 1e-2;
  private static final int FORMAT = 8;
  private static final int RECORDINGS = 4;
  private static final int CHECKS = 3;
  private static final int WINDOW = 15;
  private static final long MOST_BYTES = Integer.MAX_VALUE - (64L << 20);

  private final ZooBlock model;
  private final NDManager manager;
  private final Signature signature;
  private final List<Map<String, Integer>> recorded;

  /**
   * A comparison with the model at some sizes.
   *
   * @param sizes the sizes
   * @param difference the largest difference of any value
   * @param largest the largest value that the model gives
   */
  public record Check(Map<String, Integer> sizes, double difference, double largest) {

    /**
     * Whether the file does what the model does.
     *
     * @return true if it is near enough
     */
    public boolean agrees() {
      return difference <= TOLERANCE * Math.max(1, largest)
          && (difference <= ROUNDING || difference <= LARGEST_SHARE * largest);
    }
  }

  /**
   * What was exported.
   *
   * @param nodes how many operations the graph has
   * @param recorded the sizes at which the model was recorded
   * @param checks comparisons at other sizes
   */
  public record Result(int nodes, List<Map<String, Integer>> recorded, List<Check> checks) {

    /**
     * The largest difference of all comparisons.
     *
     * @return of any value
     */
    public double worst() {
      return checks.stream().mapToDouble(Check::difference).max().orElse(0);
    }
  }

  /**
   * An export.
   *
   * @param model the model with its weights
   * @param manager the parent of what is computed
   * @param signature how the model is called
   */
  public OnnxExport(ZooBlock model, NDManager manager, Signature signature) {
    this.model = model;
    this.manager = manager;
    this.signature = signature;
    recorded = recordedSizes(signature.sizes());
  }

  /**
   * Writes a file if it agrees with the model.
   *
   * @param file where to; replaced if it is there
   * @param name the graph's name
   * @param metadata what the file says about itself
   * @return what was written and how it compares
   * @throws NotExpressibleException if no graph can do what the model does, or the graph that was
   *     made does not agree with it; the file is then as it was
   * @throws IOException if it cannot be written
   */
  public Result write(Path file, String name, Map<String, String> metadata) throws IOException {
    ModelProto proto = trace(name, metadata);
    List<Check> checks = new ArrayList<>();
    AtomicFile.write(
        file,
        channel -> {
          OutputStream stream = Channels.newOutputStream(channel);
          CodedOutputStream coded = CodedOutputStream.newInstance(stream, 1 << 20);
          proto.writeTo(coded);
          coded.flush();
        },
        written -> checks.addAll(check(written)));
    return new Result(proto.getGraph().getNodeCount(), recorded, checks);
  }

  /**
   * Makes a graph of the model.
   *
   * @param name its name
   * @param metadata what the file says about itself
   * @return the file's content
   * @throws NotExpressibleException if no graph can do what the model does
   */
  ModelProto trace(String name, Map<String, String> metadata) {
    long bytes =
        StateDict.of(model).values().stream()
            .distinct()
            .mapToLong(p -> p.getArray().size() * p.getArray().getDataType().getNumOfBytes())
            .sum();
    if (bytes > MOST_BYTES) {
      throw new NotExpressibleException(
          "the weights take "
              + (bytes >> 20)
              + " MB; one ONNX file holds 2 GB at most, and weights beside the file are not written");
    }
    long heap = Runtime.getRuntime().maxMemory();
    if (bytes + (bytes >> 2) > heap) {
      throw new UserException(
          "the weights take "
              + (bytes >> 20)
              + " MB and have to fit into Java's memory, which is "
              + (heap >> 20)
              + " MB; give it more: JAVA_OPTS=-Xmx"
              + ((bytes >> 29) + 2)
              + "g");
    }
    List<Recording> recordings = new ArrayList<>();
    for (Map<String, Integer> sizes : recorded) {
      try (NDManager scope = manager.newSubManager();
          GradientMode ignored = GradientMode.off()) {
        recordings.add(Trace.record(signature.forward(), make(scope, sizes)));
      }
    }
    Map<Parameter, String> names = new IdentityHashMap<>();
    StateDict.of(model).forEach((path, parameter) -> names.putIfAbsent(parameter, path));
    ModelProto.Builder proto =
        ModelProto.newBuilder()
            .setIrVersion(FORMAT)
            .setProducerName("attention-zoo")
            .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(OPERATIONS))
            .setGraph(new GraphBuilder(signature, recorded, recordings, names).build(name));
    metadata.forEach(
        (key, value) ->
            proto.addMetadataProps(
                StringStringEntryProto.newBuilder().setKey(key).setValue(value)));
    if (metadata.containsKey("zoo_version")) {
      proto.setProducerVersion(metadata.get("zoo_version"));
    }
    return proto.build();
  }

  /**
   * Compares a file with the model at sizes that were not recorded, where there are such.
   *
   * @param file an ONNX file
   * @return the comparisons
   * @throws NotExpressibleException if they disagree
   */
  List<Check> check(Path file) {
    List<Check> checks = new ArrayList<>();
    try (OnnxSession session = OnnxSession.open(file)) {
      for (Map<String, Integer> sizes : otherSizes()) {
        checks.add(check(session, sizes));
      }
    }
    for (Check check : checks) {
      if (!check.agrees()) {
        throw new NotExpressibleException(
            String.format(
                java.util.Locale.ROOT,
                "the graph differs from the model by %.2g at %s, where values are up to %.2g;"
                    + " nothing was written",
                check.difference(),
                check.sizes(),
                check.largest()));
      }
    }
    return checks;
  }

  private Check check(OnnxSession session, Map<String, Integer> sizes) {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.off()) {
      NDList inputs = make(scope, sizes);
      NDList expected =
          signature.forward().run(Pass.inference(new ParameterStore(scope, false)), inputs);
      NDList actual = session.run(scope, inputs);
      double difference = 0;
      double largest = 0;
      for (int i = 0; i < expected.size(); i++) {
        if (!actual.get(i).getShape().equals(expected.get(i).getShape())) {
          throw new NotExpressibleException(
              "the graph gives "
                  + actual.get(i).getShape()
                  + " where the model gives "
                  + expected.get(i).getShape()
                  + " at "
                  + sizes
                  + "; nothing was written");
        }
        double[] wanted = doubles(expected.get(i));
        double[] given = doubles(actual.get(i));
        for (int j = 0; j < wanted.length; j++) {
          double apart = Math.abs(wanted[j] - given[j]);
          difference = Math.max(difference, Double.isNaN(apart) ? Double.POSITIVE_INFINITY : apart);
          largest = Math.max(largest, Math.abs(wanted[j]));
        }
      }
      return new Check(sizes, difference, largest);
    }
  }

  private static double[] doubles(NDArray array) {
    return array.toType(DataType.FLOAT64, true).toDoubleArray();
  }

  private NDList make(NDManager scope, Map<String, Integer> sizes) {
    JniUtils.setSeed(sizes.hashCode());
    return signature.maker().make(scope, sizes);
  }

  /**
   * Sizes to record at: of each as many different ones as there are, and no size a multiple of
   * another plus something, so that what follows from which can be told. A size of 1 is left out:
   * it is what Java code likes to treat apart.
   */
  private static List<Map<String, Integer>> recordedSizes(List<Signature.Size> sizes) {
    Random random = new Random(17);
    List<Map<String, Integer>> best = null;
    int most = -1;
    for (int attempt = 0; attempt < 2000; attempt++) {
      List<Map<String, Integer>> drawn = new ArrayList<>();
      for (int i = 0; i < RECORDINGS; i++) {
        Map<String, Integer> one = new LinkedHashMap<>();
        for (Signature.Size size : sizes) {
          int from = Math.min(size.most(), Math.max(2, size.least()));
          int to = (int) Math.min(size.most(), (long) from + WINDOW);
          one.put(size.name(), from + random.nextInt(to - from + 1));
        }
        drawn.add(one);
      }
      int merit = merit(sizes, drawn);
      if (merit > most) {
        most = merit;
        best = drawn;
      }
    }
    return best;
  }

  private static int merit(List<Signature.Size> sizes, List<Map<String, Integer>> drawn) {
    int merit = 0;
    for (Signature.Size size : sizes) {
      merit += drawn.stream().map(d -> d.get(size.name())).distinct().count();
      for (Signature.Size other : sizes) {
        merit += size == other || independent(drawn, size.name(), other.name()) ? RECORDINGS : 0;
      }
    }
    return merit;
  }

  private static boolean independent(List<Map<String, Integer>> drawn, String a, String b) {
    for (int i = 1; i < drawn.size(); i++) {
      for (int j = 1; j < i; j++) {
        long left = difference(drawn, a, i) * difference(drawn, b, j);
        long right = difference(drawn, a, j) * difference(drawn, b, i);
        if (left != right) {
          return true;
        }
      }
    }
    return false;
  }

  private static long difference(List<Map<String, Integer>> drawn, String size, int i) {
    return drawn.get(i).get(size) - (long) drawn.get(0).get(size);
  }

  /** The least, one between and one beyond those that were recorded, in turn for each size. */
  private List<Map<String, Integer>> otherSizes() {
    List<Map<String, Integer>> all = new ArrayList<>();
    for (int i = 0; i < CHECKS; i++) {
      Map<String, Integer> one = new LinkedHashMap<>();
      for (int j = 0; j < signature.sizes().size(); j++) {
        Signature.Size size = signature.sizes().get(j);
        Set<Integer> seen = new TreeSet<>();
        recorded.forEach(r -> seen.add(r.get(size.name())));
        int highest = seen.stream().max(Integer::compare).orElseThrow();
        one.put(
            size.name(),
            switch ((i + j) % CHECKS) {
              case 0 -> size.least();
              case 1 -> between(size, seen, highest);
              default -> (int) Math.min(size.most(), j == 0 ? highest + 4L : 3L * highest + 7L * j);
            });
      }
      all.add(one);
    }
    return all;
  }

  private static int between(Signature.Size size, Set<Integer> seen, int highest) {
    for (int value = size.least() + 1; value < highest; value++) {
      if (!seen.contains(value)) {
        return value;
      }
    }
    return highest;
  }
}
