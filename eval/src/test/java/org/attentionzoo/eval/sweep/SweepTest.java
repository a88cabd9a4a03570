package org.attentionzoo.eval.sweep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.attentionzoo.blocks.DecodeCache;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Segments;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.Taps;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Property;
import org.attentionzoo.models.Specimen.Trait;
import org.attentionzoo.models.weights.SafetensorsFile;
import org.attentionzoo.models.weights.StateDictLoader;
import org.attentionzoo.models.weights.StateDictSaver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The properties that every block and every model of the zoo has. A paper joins by being
 * registered; what it does not promise is said by its specimens' traits and exceptions. {@code
 * -Dzoo.sweep=<paper>} walks the subjects of one paper only.
 */
@ExtendWith(OneThread.class)
class SweepTest {

  private static final int BATCH = 3;
  private static final int LENGTH = 11;
  private static final double SMALLEST_SCALE = 1e-3;
  private static final int LOUD = 100;

  @TempDir Path folder;
  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  static Stream<Subject> subjects() {
    Papers papers = Papers.load();
    Stream<Subject> specimens =
        Stream.concat(CoreSpecimens.all().stream(), papers.specimens().stream()).map(Subject::new);
    return Stream.concat(specimens, models(papers)).filter(SweepTest::isWanted);
  }

  private static boolean isWanted(Subject subject) {
    String only = System.getProperty("zoo.sweep", "");
    return only.isEmpty() || subject.specimen().paper().equals(only);
  }

  static Stream<Subject> models() {
    return models(Papers.load()).filter(SweepTest::isWanted);
  }

  private static Stream<Subject> models(Papers papers) {
    return papers.models().stream().map(m -> Subject.of(papers.preset(m.name())));
  }

  static Stream<Subject> learning() {
    return subjects().filter(s -> s.has(Property.EVERY_PARAMETER_LEARNS));
  }

  static Stream<Subject> batchIndependent() {
    return subjects().filter(s -> s.has(Property.BATCH_INDEPENDENT));
  }

  static Stream<Subject> withTwoPaths() {
    return subjects().filter(s -> s.has(Property.FAST_EQUALS_PLAIN));
  }

  static Stream<Subject> seeded() {
    return subjects().filter(s -> s.has(Property.SEEDED));
  }

  static Stream<Subject> causal() {
    return subjects().filter(s -> s.has(Trait.CAUSAL));
  }

  static Stream<Subject> streaming() {
    return subjects().filter(s -> s.has(Trait.STREAMING));
  }

  static Stream<Subject> paddedStreaming() {
    return streaming().filter(s -> s.has(Trait.MASKED));
  }

  static Stream<Subject> constantState() {
    return subjects().filter(s -> s.has(Trait.CONSTANT_STATE));
  }

  static Stream<Subject> masked() {
    return subjects().filter(s -> s.has(Trait.MASKED));
  }

  private Pass inference() {
    return Pass.inference(new ParameterStore(manager, false));
  }

  private NDList infer(Subject subject, ZooBlock block, NDList inputs, NDArray valid) {
    try (GradientMode ignored = GradientMode.off()) {
      return subject.run(inference(), block, inputs, valid);
    }
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("subjects")
  void outputsAreFinite(Subject subject) {
    ZooBlock block = subject.build(manager, 1);
    for (int length : new int[] {1, 2, LENGTH}) {
      for (NDArray output : infer(subject, block, subject.inputs(manager, 2, 2, length), null)) {
        assertThat(isFinite(output)).as("length %s, %s", length, output.getShape()).isTrue();
      }
    }
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("subjects")
  void outputsHaveTheShapesThatAreDeclared(Subject subject) {
    ZooBlock block = subject.build(manager, 1);
    NDList inputs = subject.inputs(manager, 2, BATCH, LENGTH);
    DataType[] types = inputs.stream().map(NDArray::getDataType).toArray(DataType[]::new);
    assertThat(block.getOutputShapes(inputs.getShapes(), types))
        .isEqualTo(infer(subject, block, inputs, null).getShapes());
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("learning")
  void everyParameterReceivesAGradient(Subject subject) {
    ZooBlock block = subject.build(manager, 1);
    TrainingSteps.run(subject, block, subject.inputs(manager, 2, BATCH, LENGTH), false);
    List<String> without = new ArrayList<>();
    StateDict.of(block)
        .forEach(
            (name, parameter) -> {
              if (parameter.requiresGradient()) {
                NDArray gradient = parameter.getArray().getGradient();
                if (!isFinite(gradient) || gradient.abs().max().getFloat() == 0) {
                  without.add(name);
                }
              }
            });
    String excepted =
        ModelExceptions.withoutGradient(subject.specimen().paper(), subject.toString()).orElse("");
    List<String> expected =
        StateDict.of(block).keySet().stream().filter(n -> n.matches(excepted)).toList();
    assertThat(without).as("parameters with a zero gradient").isEqualTo(expected);
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("subjects")
  void savingAndLoadingIntoANewOneChangesNoBit(Subject subject) throws IOException {
    ZooBlock block = subject.build(manager, 1);
    Path file = folder.resolve("weights.safetensors");
    StateDictSaver.save(block, file, Map.of());
    ZooBlock other = subject.specimen().factory().get();
    try (SafetensorsFile source = SafetensorsFile.open(file)) {
      StateDictLoader.strict().load(other, manager, source);
    }
    NDList inputs = subject.inputs(manager, 2, BATCH, LENGTH);
    assertBitEqual(
        infer(subject, other, inputs, null), infer(subject, block, inputs, null), "outputs");
  }

  /** A black image and a word said over and over have no spread to divide by. */
  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("subjects")
  void blankAndConstantInputsGiveFiniteGradients(Subject subject) {
    NDList inputs = subject.inputs(manager, 2, BATCH, LENGTH);
    NDList blank = new NDList();
    NDList constant = new NDList();
    for (NDArray x : inputs) {
      blank.add(x.getDataType().isFloating() ? x.zerosLike() : x.duplicate());
      constant.add(hasLength(x, LENGTH) ? x.get(":, :1").repeat(1, LENGTH) : x.duplicate());
    }
    for (NDList list : List.of(blank, constant)) {
      outputsAndGradients(subject, list, false)
          .forEach(
              (name, array) ->
                  assertThat(isFinite(array))
                      .as("%s of %s inputs", name, list == blank ? "blank" : "constant")
                      .isTrue());
    }
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("seeded")
  void oneSeedGivesOneResult(Subject subject) {
    List<NDList> results = new ArrayList<>();
    for (int run = 0; run < 2; run++) {
      ZooBlock block = subject.build(manager, 7);
      NDList inputs = subject.inputs(manager, 8, BATCH, LENGTH);
      NDList all = new NDList();
      StateDict.of(block).values().forEach(p -> all.add(p.getArray().duplicate()));
      JniUtils.setSeed(9);
      all.addAll(TrainingSteps.run(subject, block, inputs, false));
      StateDict.of(block).values().stream()
          .filter(Parameter::requiresGradient)
          .forEach(p -> all.add(p.getArray().getGradient()));
      results.add(all);
    }
    assertBitEqual(results.get(1), results.get(0), "parameters, outputs and gradients");
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("batchIndependent")
  void aBatchIsItsExamplesOneByOne(Subject subject) {
    ZooBlock block = subject.build(manager, 1);
    NDList inputs = subject.inputs(manager, 2, BATCH, LENGTH);
    NDList together = infer(subject, block, inputs, null);
    for (int row = 0; row < BATCH; row++) {
      NDList alone = infer(subject, block, slice(inputs, 0, BATCH, row, row + 1), null);
      assertClose(
          alone, slice(together, 0, BATCH, row, row + 1), subject.tolerance(), "row " + row);
    }
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("batchIndependent")
  void aLoudNeighbourChangesNothing(Subject subject) {
    ZooBlock block = subject.build(manager, 1);
    NDList inputs = subject.inputs(manager, 2, BATCH, LENGTH);
    NDList loud = loud(inputs);
    assumeThat(bears(subject, block, loud)).as("numbers so loud do not overflow").isTrue();
    NDList mixed = new NDList();
    for (int i = 0; i < inputs.size(); i++) {
      NDArray input = inputs.get(i);
      boolean rows = input.getShape().dimension() > 0 && input.getShape().get(0) == BATCH;
      mixed.add(rows ? loud.get(i).get(":1").concat(input.get("1:"), 0) : input);
    }
    assertClose(
        slice(infer(subject, block, mixed, null), 0, BATCH, 1, BATCH),
        slice(infer(subject, block, inputs, null), 0, BATCH, 1, BATCH),
        subject.tolerance(),
        "beside a loud row");
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("withTwoPaths")
  void theFastPathEqualsThePlainPath(Subject subject) {
    Map<String, NDArray> fast = outputsAndGradients(subject, false);
    Map<String, NDArray> plain = outputsAndGradients(subject, true);
    assertThat(fast.keySet()).isEqualTo(plain.keySet());
    // Some gradients are zero by analysis (of a bias on keys, for one): beside the others, what is
    // left of them is rounding.
    Map<String, NDArray> gradients = new LinkedHashMap<>(plain);
    gradients.keySet().removeIf(name -> !name.startsWith("gradient"));
    double largest = largest(gradients);
    fast.forEach(
        (name, actual) ->
            assertThat(
                    ratio(
                        actual,
                        plain.get(name),
                        name.startsWith("gradient") ? largest / 100 : SMALLEST_SCALE))
                .as(name)
                .isLessThanOrEqualTo(subject.tolerance()));
  }

  /** With gradient checkpointing, for the models that have layers that can be run again. */
  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("models")
  void layersThatAreRunAgainGiveTheSameGradients(Subject subject) {
    Segments segments = new Segments(23, true);
    Map<String, NDArray> again = trainingGradients(subject, segments);
    assumeThat(segments.count()).as("layers that can be run again").isPositive();
    Map<String, NDArray> kept = trainingGradients(subject, new Segments(23, false));
    assertThat(again.keySet()).isEqualTo(kept.keySet());
    double largest = largest(kept);
    again.forEach(
        (name, gradient) ->
            assertThat(ratio(gradient, kept.get(name), largest / 100))
                .as(name)
                .isLessThanOrEqualTo(subject.tolerance()));
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("causal")
  void nothingLeaksFromTheFuture(Subject subject) {
    ZooBlock block = subject.build(manager, 1);
    NDList inputs = subject.inputs(manager, 2, BATCH, LENGTH);
    NDList others = subject.inputs(manager, 3, BATCH, LENGTH);
    NDArray expected = infer(subject, block, inputs, null).head();
    for (int t = 0; t < LENGTH - 1; t++) {
      NDList changed = continued(inputs, others, t + 1);
      NDArray actual = infer(subject, block, changed, null).head();
      assertThat(ratio(actual.get(":, :{}", t + 1), expected.get(":, :{}", t + 1)))
          .as("outputs up to %s after a change at %s", t, t + 1)
          .isLessThanOrEqualTo(subject.tolerance());
      assertThat(ratio(actual.get(":, {}:", t + 1), expected.get(":, {}:", t + 1)))
          .as("the change itself is seen")
          .isPositive();
    }
  }

  /**
   * Neither by what all places share, such as a bound that is subtracted before an exponential: of
   * a few loud tokens it would press all that came before to zero.
   */
  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("causal")
  void aLoudFutureDoesNotLeakEither(Subject subject) {
    ZooBlock block = subject.build(manager, 1);
    NDList inputs = subject.inputs(manager, 2, BATCH, LENGTH);
    NDList others = loud(subject.inputs(manager, 3, BATCH, LENGTH));
    assumeThat(bears(subject, block, others)).as("numbers so loud do not overflow").isTrue();
    NDArray expected = infer(subject, block, inputs, null).head();
    for (int kept : new int[] {1, LENGTH / 2, LENGTH - 1}) {
      NDArray actual = infer(subject, block, continued(inputs, others, kept), null).head();
      assertThat(ratio(actual.get(":, :{}", kept), expected.get(":, :{}", kept)))
          .as("outputs up to %s before loud inputs", kept)
          .isLessThanOrEqualTo(subject.tolerance());
    }
  }

  private static NDList loud(NDList inputs) {
    NDList all = new NDList();
    inputs.forEach(x -> all.add(x.getDataType().isFloating() ? x.mul(LOUD) : x));
    return all;
  }

  private boolean bears(Subject subject, ZooBlock block, NDList loud) {
    return isFinite(infer(subject, block, loud, null).head());
  }

  /** The first places of one list of inputs, and from there on another. */
  private static NDList continued(NDList inputs, NDList others, int kept) {
    NDList all = new NDList();
    for (int i = 0; i < inputs.size(); i++) {
      all.add(
          hasLength(inputs.get(i), LENGTH)
              ? inputs.get(i).get(":, :{}", kept).concat(others.get(i).get(":, {}:", kept), 1)
              : inputs.get(i));
    }
    return all;
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("streaming")
  void piecesOfAnyLengthsGiveWhatTheWholeGives(Subject subject) {
    ZooBlock block = subject.build(manager, 1);
    NDList inputs = subject.inputs(manager, 2, BATCH, LENGTH);
    NDArray whole = infer(subject, block, inputs, null).head();
    for (boolean plain : new boolean[] {false, true}) {
      for (int[] pieces : new int[][] {{1}, {LENGTH}, {3, 1, 5, 2}}) {
        assertThat(ratio(stream(subject, block, inputs, null, pieces, plain), whole))
            .as("pieces of %s%s", Arrays.toString(pieces), plain ? ", plain" : "")
            .isLessThanOrEqualTo(subject.tolerance());
      }
    }
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("paddedStreaming")
  void paddedPiecesGiveWhatThePaddedWholeGives(Subject subject) {
    ZooBlock block = subject.build(manager, 1);
    NDList inputs = subject.inputs(manager, 2, BATCH, LENGTH);
    for (Side side : Side.values()) {
      NDArray valid = valid(side);
      NDArray whole = infer(subject, block, inputs, valid).head();
      for (int[] pieces : new int[][] {{1}, {4, 1, 6}}) {
        NDArray streamed = stream(subject, block, inputs, valid, pieces, false);
        assertThat(ratio(keep(streamed, valid), keep(whole, valid)))
            .as("padded on the %s, pieces of %s", side, Arrays.toString(pieces))
            .isLessThanOrEqualTo(subject.tolerance());
      }
    }
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("constantState")
  void theStateDoesNotGrow(Subject subject) {
    ZooBlock block = subject.build(manager, 1);
    try (NDManager scope = manager.newSubManager();
        DecodeCache cache = new DecodeCache(scope);
        GradientMode ignored = GradientMode.off()) {
      long bytes = 0;
      for (int token = 100, piece = 100; token <= 10_000; token += piece = 1_100) {
        try (NDManager step = scope.newSubManager()) {
          NDList inputs = subject.inputs(step, token, 1, piece);
          subject.run(
              Pass.inference(new ParameterStore(step, false)).with(cache), block, inputs, null);
        }
        bytes = bytes == 0 ? cache.bytes() : bytes;
        assertThat(cache.bytes()).as("bytes after %s tokens", token).isEqualTo(bytes);
      }
      assertThat(bytes).isPositive();
    }
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("masked")
  void theContentOfPaddingNeverMatters(Subject subject) {
    ZooBlock block = subject.build(manager, 1);
    NDList inputs = subject.inputs(manager, 2, BATCH, LENGTH);
    NDList others = subject.inputs(manager, 3, BATCH, LENGTH);
    NDList loud = loud(others);
    List<NDList> contents = bears(subject, block, loud) ? List.of(others, loud) : List.of(others);
    for (Side side : Side.values()) {
      NDArray valid = valid(side);
      NDArray expected = keep(infer(subject, block, inputs, valid).head(), valid);
      for (NDList content : contents) {
        NDList changed = new NDList();
        for (int i = 0; i < inputs.size(); i++) {
          NDArray input = inputs.get(i);
          changed.add(NDArrays.where(spread(valid, input), input, content.get(i)));
        }
        assertThat(ratio(keep(infer(subject, block, changed, valid).head(), valid), expected))
            .as("padded on the %s%s", side, content == loud ? ", with loud numbers" : "")
            .isLessThanOrEqualTo(subject.tolerance());
      }
    }
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("masked")
  void aPaddedSequenceIsTheSequenceAlone(Subject subject) {
    ZooBlock block = subject.build(manager, 1);
    NDList inputs = subject.inputs(manager, 2, BATCH, LENGTH);
    for (Side side : Side.values()) {
      NDArray padded = infer(subject, block, inputs, valid(side)).head();
      for (int row = 0; row < BATCH; row++) {
        int from = side.from(row);
        int to = side.to(row);
        NDList alone = slice(slice(inputs, 0, BATCH, row, row + 1), 1, LENGTH, from, to);
        assertThat(
                ratio(
                    padded.get("{}:{}, {}:{}", row, row + 1, from, to),
                    infer(subject, block, alone, null).head()))
            .as("row %s, padded on the %s", row, side)
            .isLessThanOrEqualTo(subject.tolerance());
      }
    }
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("subjects")
  void listeningChangesNothing(Subject subject) {
    ZooBlock block = subject.build(manager, 1);
    NDList inputs = subject.inputs(manager, 2, BATCH, LENGTH);
    NDList expected = infer(subject, block, inputs, null);
    Taps taps = Taps.on(block);
    for (String point : taps.points()) {
      List<Shape> heard = new ArrayList<>();
      Taps one = Taps.on(block).read(point, x -> heard.add(x.getShape()));
      try (GradientMode ignored = GradientMode.off()) {
        NDList actual = subject.run(inference().with(one), block, inputs, null);
        assertClose(actual, expected, subject.tolerance(), "with a listener at " + point);
      }
      assertThat(heard).as("what was heard at %s", point).isNotEmpty();
    }
  }

  @Test
  void exceptionsAreThoseThatWereAgreedOn() throws IOException {
    Map<String, List<String>> found =
        subjects()
            .map(Subject::specimen)
            .filter(s -> ModelExceptions.properties(s.paper(), s.name()).isEmpty())
            .collect(
                Collectors.groupingBy(
                    Specimen::paper,
                    Collectors.flatMapping(SweepTest::exceptions, Collectors.toList())));
    for (Map.Entry<String, List<String>> entry : found.entrySet()) {
      assertThat(entry.getValue())
          .as(
              "exceptions of %s; agreed ones are lines of sweep-exceptions/%s.txt",
              entry.getKey(), entry.getKey())
          .containsExactlyInAnyOrderElementsOf(agreed(entry.getKey()));
    }
  }

  private static Stream<String> exceptions(Specimen specimen) {
    assertThat(specimen.exceptions().values()).noneMatch(String::isBlank);
    assertThat(specimen.toleranceReason()).isNotBlank();
    Stream<String> tolerance =
        specimen.tolerance() > 2e-5
            ? Stream.of(specimen.name() + " tolerance " + specimen.tolerance())
            : Stream.of();
    return Stream.concat(
        specimen.exceptions().keySet().stream().map(p -> specimen.name() + " " + p), tolerance);
  }

  private static List<String> agreed(String paper) throws IOException {
    try (var in = SweepTest.class.getResourceAsStream("/sweep-exceptions/" + paper + ".txt")) {
      return in == null
          ? List.of()
          : new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    }
  }

  /** Where a ragged batch is padded: rows have LENGTH, LENGTH - 4 and 1 valid positions. */
  private enum Side {
    RIGHT,
    LEFT;

    int count(int row) {
      return row == 0 ? LENGTH : row == 1 ? LENGTH - 4 : 1;
    }

    int from(int row) {
      return this == RIGHT ? 0 : LENGTH - count(row);
    }

    int to(int row) {
      return from(row) + count(row);
    }
  }

  private NDArray valid(Side side) {
    boolean[] valid = new boolean[BATCH * LENGTH];
    for (int row = 0; row < BATCH; row++) {
      Arrays.fill(valid, row * LENGTH + side.from(row), row * LENGTH + side.to(row), true);
    }
    return manager.create(valid, new Shape(BATCH, LENGTH));
  }

  /** What stands at valid positions; zero elsewhere. */
  private static NDArray keep(NDArray output, NDArray valid) {
    return NDArrays.where(spread(valid, output), output, output.zerosLike());
  }

  /** (B, L) to (B, L, ...). */
  private static NDArray spread(NDArray valid, NDArray like) {
    NDArray mask = valid;
    while (mask.getShape().dimension() < like.getShape().dimension()) {
      mask = mask.expandDims(-1);
    }
    return mask.broadcast(like.getShape());
  }

  /** As generation does it: layers give back what they made. */
  private NDArray stream(
      Subject subject, ZooBlock block, NDList inputs, NDArray valid, int[] pieces, boolean plain) {
    NDList outputs = new NDList();
    try (DecodeCache cache = new DecodeCache(manager);
        GradientMode ignored = GradientMode.off()) {
      Pass pass = inference().with(cache).with(Segments.released());
      pass = plain ? pass.onPlainPath() : pass;
      int piece = 0;
      for (int from = 0; from < LENGTH; ) {
        int to = Math.min(LENGTH, from + pieces[piece++ % pieces.length]);
        outputs.add(
            subject
                .run(
                    pass,
                    block,
                    slice(inputs, 1, LENGTH, from, to),
                    valid == null ? null : valid.get(":, {}:{}", from, to))
                .head());
        from = to;
      }
    }
    return NDArrays.concat(outputs, 1);
  }

  private Map<String, NDArray> outputsAndGradients(Subject subject, boolean plain) {
    return outputsAndGradients(subject, subject.inputs(manager, 2, BATCH, LENGTH), plain);
  }

  private Map<String, NDArray> outputsAndGradients(Subject subject, NDList inputs, boolean plain) {
    ZooBlock block = subject.build(manager, 1);
    Map<String, NDArray> results = new LinkedHashMap<>();
    for (NDArray input : inputs) {
      if (input.getDataType().isFloating()) {
        input.setRequiresGradient(true);
      }
    }
    try (GradientMode ignored = GradientMode.on()) {
      NDList outputs =
          subject.run(plain ? inference().onPlainPath() : inference(), block, inputs, null);
      TrainingSteps.backward(TrainingSteps.weighted(outputs));
      for (int i = 0; i < outputs.size(); i++) {
        results.put("output " + i, outputs.get(i));
      }
    }
    for (int i = 0; i < inputs.size(); i++) {
      if (inputs.get(i).hasGradient()) {
        results.put("gradient of input " + i, inputs.get(i).getGradient());
      }
    }
    gradients(block).forEach((name, gradient) -> results.put("gradient of " + name, gradient));
    return results;
  }

  /** Of the outputs and the auxiliary losses together, by one training pass. */
  private Map<String, NDArray> trainingGradients(Subject subject, Segments segments) {
    ZooBlock block = subject.build(manager, 1);
    NDList inputs = subject.inputs(manager, 2, BATCH, LENGTH);
    Pass pass = Pass.training(new ParameterStore(manager, false)).with(segments);
    JniUtils.setSeed(3);
    TrainingSteps.run(subject, block, inputs, pass);
    segments.backward(manager.ones(new Shape()));
    return gradients(block);
  }

  private static Map<String, NDArray> gradients(ZooBlock block) {
    Map<String, NDArray> gradients = new LinkedHashMap<>();
    StateDict.of(block)
        .forEach(
            (name, parameter) -> {
              if (parameter.requiresGradient()) {
                gradients.put(name, parameter.getArray().getGradient());
              }
            });
    return gradients;
  }

  private static boolean hasLength(NDArray array, int length) {
    return array.getShape().dimension() > 1 && array.getShape().get(1) == length;
  }

  /** Of those arrays whose axis has the size, a range; the others as they are. */
  private static NDList slice(NDList arrays, int axis, int size, int from, int to) {
    NDList result = new NDList();
    for (NDArray array : arrays) {
      boolean applies = array.getShape().dimension() > axis && array.getShape().get(axis) == size;
      String index = axis == 0 ? "{}:{}" : ":, {}:{}";
      result.add(applies ? array.get(index, from, to) : array);
    }
    return result;
  }

  private static void assertClose(
      NDList actual, NDList expected, double tolerance, String description) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.size(); i++) {
      assertThat(ratio(actual.get(i), expected.get(i)))
          .as("output %s, %s", i, description)
          .isLessThanOrEqualTo(tolerance);
    }
  }

  private static void assertBitEqual(NDList actual, NDList expected, String description) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.size(); i++) {
      assertThat(actual.get(i).getShape()).isEqualTo(expected.get(i).getShape());
      assertThat(actual.get(i).toByteArray())
          .as("%s, array %s", description, i)
          .isEqualTo(expected.get(i).toByteArray());
    }
  }

  /** The largest value of all. */
  private static double largest(Map<String, NDArray> arrays) {
    return arrays.values().stream()
        .mapToDouble(array -> Arrays.stream(doubles(array)).map(Math::abs).max().orElse(0))
        .max()
        .orElse(0);
  }

  /** The largest difference relative to the largest expected value. */
  private static double ratio(NDArray actual, NDArray expected) {
    return ratio(actual, expected, SMALLEST_SCALE);
  }

  private static double ratio(NDArray actual, NDArray expected, double smallestScale) {
    assertThat(actual.getShape()).isEqualTo(expected.getShape());
    double[] a = doubles(actual);
    double[] b = doubles(expected);
    double scale = Math.max(SMALLEST_SCALE, smallestScale);
    double worst = 0;
    for (int i = 0; i < b.length; i++) {
      if (!Double.isFinite(a[i]) || !Double.isFinite(b[i])) {
        return Double.POSITIVE_INFINITY;
      }
      scale = Math.max(scale, Math.abs(b[i]));
      worst = Math.max(worst, Math.abs(a[i] - b[i]));
    }
    return worst / scale;
  }

  private static double[] doubles(NDArray array) {
    try (NDArray wide = array.toType(DataType.FLOAT64, true)) {
      return wide.toDoubleArray();
    }
  }

  private static boolean isFinite(NDArray array) {
    return !array.getDataType().isFloating()
        || Arrays.stream(doubles(array)).allMatch(Double::isFinite);
  }
}
