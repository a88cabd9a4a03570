package org.attentionzoo.models.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.MalformedModelException;
import ai.djl.inference.Predictor;
import ai.djl.modality.Classifications;
import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.repository.MRL;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ModelNotFoundException;
import ai.djl.repository.zoo.ModelZoo;
import ai.djl.repository.zoo.ZooModel;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.weights.StateDictSaver;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The zoo as a program that knows DJL alone sees it. */
class AttentionZooTest {

  private static final long[] TOKENS = {3, 1, 4, 1, 5};

  @TempDir private Path folder;

  private static <I, O> Criteria.Builder<I, O> criteria(
      Class<I> input, Class<O> output, String artifact) {
    return Criteria.builder()
        .setTypes(input, output)
        .optGroupId("org.attentionzoo")
        .optArtifactId(artifact);
  }

  @Test
  void isListedWithAllItsModelsAndPresets() throws IOException {
    assertThat(ModelZoo.hasModelZoo("org.attentionzoo")).isTrue();
    List<MRL> ours =
        ModelZoo.listModels().values().stream()
            .flatMap(List::stream)
            .filter(r -> r.getGroupId().equals("org.attentionzoo"))
            .toList();
    Papers papers = Papers.load();
    assertThat(ours)
        .extracting(MRL::getArtifactId)
        .containsExactlyInAnyOrderElementsOf(papers.models().stream().map(m -> m.name()).toList());
    List<String> presets = new ArrayList<>();
    for (MRL resource : ours) {
      resource.listArtifacts().forEach(artifact -> presets.add(artifact.getName()));
    }
    assertThat(presets)
        .containsExactlyInAnyOrderElementsOf(papers.presets().stream().map(p -> p.name()).toList());
  }

  @Test
  void listingLoadsNoEngine() throws ReflectiveOperationException, IOException {
    Thread thread = Thread.currentThread();
    ClassLoader context = thread.getContextClassLoader();
    try (Recorder recorder = new Recorder()) {
      thread.setContextClassLoader(recorder);
      Object models =
          recorder.loadClass(ModelZoo.class.getName()).getMethod("listModels").invoke(null);
      assertThat(models.toString()).contains("org.attentionzoo/decoder");
      assertThat(recorder.names)
          .contains(AttentionZoo.class.getName())
          .noneMatch(
              name ->
                  name.equals("ai.djl.engine.Engine") || name.startsWith("ai.djl.pytorch.jni."));
    } finally {
      thread.setContextClassLoader(context);
    }
  }

  /** Loads the whole class path anew and takes down what is asked of it. */
  private static final class Recorder extends URLClassLoader {
    private final List<String> names = new ArrayList<>();

    private Recorder() {
      super(classPath(), ClassLoader.getPlatformClassLoader());
    }

    private static URL[] classPath() {
      return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
          .map(
              entry -> {
                try {
                  return new File(entry).toURI().toURL();
                } catch (MalformedURLException e) {
                  throw new IllegalStateException(e);
                }
              })
          .toArray(URL[]::new);
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
      Class<?> found = super.findClass(name);
      names.add(name);
      return found;
    }
  }

  @Test
  void nextTokensOfALanguageModel() throws Exception {
    try (ZooModel<long[], float[]> model =
            criteria(long[].class, float[].class, "decoder").build().loadModel();
        Predictor<long[], float[]> predictor = model.newPredictor()) {
      float[] next = predictor.predict(TOKENS);
      assertThat(next).hasSize(256);
      assertThat(sum(next)).isCloseTo(1, within(1e-4));
      assertThat(model.getName()).isEqualTo("decoder-tiny");
      assertThat(model.getProperty("weights")).isEqualTo("random");
      assertThat(predictor.batchPredict(List.of(TOKENS, TOKENS)).get(1))
          .containsExactly(next, within(1e-6f));
      assertThatThrownBy(() -> predictor.predict(new long[0]))
          .hasMessageContaining("no token was given");
      assertThatThrownBy(() -> predictor.predict(new long[] {3, 256}))
          .hasMessageContaining("256 was given; the model's numbers are 0 to 255");
    }
  }

  private static double sum(float[] values) {
    return IntStream.range(0, values.length).mapToDouble(i -> values[i]).sum();
  }

  @Test
  void randomWeightsAreThoseOfTheSeed() throws Exception {
    float[] one = next("seed", "1");
    assertThat(next("trainParam", "false")).isEqualTo(one);
    assertThat(next("seed", "2")).isNotEqualTo(one);
  }

  private static float[] next(String option, String value) throws Exception {
    try (ZooModel<long[], float[]> model =
            criteria(long[].class, float[].class, "decoder")
                .optOption(option, value)
                .build()
                .loadModel();
        Predictor<long[], float[]> predictor = model.newPredictor()) {
      return predictor.predict(TOKENS);
    }
  }

  @Test
  void takesWeightsPresetAndConfig() throws Exception {
    Path file = folder.resolve("weights.safetensors");
    float[] expected;
    try (ZooModel<long[], float[]> model =
            criteria(long[].class, float[].class, "decoder")
                .optFilter("preset", "small")
                .optOption("config.layers", "1")
                .optOption("seed", "5")
                .build()
                .loadModel();
        Predictor<long[], float[]> predictor = model.newPredictor()) {
      assertThat(StateDict.of(model.getBlock())).hasSize(12);
      StateDictSaver.save(model.getBlock(), file, Map.of());
      expected = predictor.predict(TOKENS);
    }
    Criteria.Builder<long[], float[]> again =
        criteria(long[].class, float[].class, "decoder")
            .optFilter("preset", "small")
            .optOption("config.layers", "1")
            .optOption("weights", file.toString());
    try (ZooModel<long[], float[]> model = again.build().loadModel();
        Predictor<long[], float[]> predictor = model.newPredictor()) {
      assertThat(predictor.predict(TOKENS)).isEqualTo(expected);
      assertThat(model.getProperty("weights")).isEqualTo(file.toString());
    }
    assertThatThrownBy(() -> again.optOption("config.layers", "2").build().loadModel())
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining("missing layers.1.");
  }

  @Test
  void classifiesSequencesItemsAndImages() throws Exception {
    try (ZooModel<long[], Classifications> model =
            criteria(long[].class, Classifications.class, "deberta-classifier")
                .build()
                .loadModel();
        Predictor<long[], Classifications> predictor = model.newPredictor()) {
      assertThat(predictor.predict(TOKENS).getClassNames()).containsExactly("0", "1");
    }
    try (ZooModel<long[], float[]> model =
            criteria(long[].class, float[].class, "sasrec").build().loadModel();
        Predictor<long[], float[]> predictor = model.newPredictor()) {
      assertThat(predictor.predict(TOKENS)).hasSizeGreaterThan(10);
    }
    try (ZooModel<long[], float[][]> model =
            criteria(long[].class, float[][].class, "deberta").build().loadModel();
        Predictor<long[], float[][]> predictor = model.newPredictor()) {
      float[][] rows = predictor.predict(TOKENS);
      assertThat(rows).hasDimensions(5, 256);
      assertThat(sum(rows[3])).isCloseTo(1, within(1e-4));
    }
    Image image =
        ImageFactory.getInstance().fromImage(new BufferedImage(50, 40, BufferedImage.TYPE_INT_RGB));
    try (ZooModel<Image, Classifications> model =
            criteria(Image.class, Classifications.class, "eca-resnet").build().loadModel();
        Predictor<Image, Classifications> predictor = model.newPredictor()) {
      assertThat(predictor.predict(image).getProbabilities().stream().mapToDouble(p -> p).sum())
          .isCloseTo(1, within(1e-4));
    }
  }

  @Test
  void predictionsRecordNoGraphUnlessAskedTo() throws Exception {
    for (boolean trains : new boolean[] {false, true}) {
      try (ZooModel<NDList, NDList> model =
          criteria(NDList.class, NDList.class, "decoder")
              .optOption("trainParam", String.valueOf(trains))
              .build()
              .loadModel()) {
        assertThat(StateDict.of(model.getBlock()).values())
            .allMatch(p -> p.getArray().hasGradient() == trains);
        try (Predictor<NDList, NDList> predictor = model.newPredictor()) {
          NDArray ids = model.getNDManager().create(TOKENS, new Shape(1, 5));
          assertThat(predictor.predict(new NDList(ids)).head().getShape())
              .isEqualTo(new Shape(1, 5, 256));
        }
      }
    }
  }

  @Test
  void saysWhatThereIsNot() {
    assertThatThrownBy(
            () ->
                criteria(long[].class, float[].class, "decoder")
                    .optFilter("preset", "huge")
                    .build()
                    .loadModel())
        .isInstanceOf(ModelNotFoundException.class)
        .rootCause()
        .hasMessageContaining("tiny, small, base");
    assertThatThrownBy(() -> criteria(String.class, float[].class, "decoder").build().loadModel())
        .isInstanceOf(ModelNotFoundException.class)
        .rootCause()
        .hasMessageContaining("no translator");
    assertThatThrownBy(
            () ->
                criteria(long[].class, float[].class, "decoder")
                    .optOption("weights", "/nowhere.safetensors")
                    .build()
                    .loadModel())
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining("/nowhere.safetensors");
  }
}
