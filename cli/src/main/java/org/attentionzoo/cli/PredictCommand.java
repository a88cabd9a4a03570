package org.attentionzoo.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.tabular.TextTable;
import org.attentionzoo.eval.generate.Generation;
import org.attentionzoo.eval.generate.Sampling;
import org.attentionzoo.eval.predict.Choice;
import org.attentionzoo.eval.predict.PixelImage;
import org.attentionzoo.eval.predict.Predictions;
import org.attentionzoo.eval.predict.TextCodec;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.Papers;
import org.attentionzoo.training.run.TrainedModel;
import org.attentionzoo.training.tasks.TableColumns;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Asks a model for answers. */
@Command(
    name = "predict",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Ask a model for a continuation, a masked word, a class, a number, a forecast or the next "
          + "item.",
      "",
      "  zoo predict HuggingFaceTB/SmolLM-135M --input 'The capital of France is'",
      "  zoo predict microsoft/deberta-base --input 'Paris is the [MASK] of France.'",
      "  zoo predict runs/sasrec-20260101-120000 --input '12 7 401' --top-k 10",
      "  zoo predict eca-resnet --weights eca.safetensors --input cat.png",
      "  zoo predict runs/houses --input houses.csv",
      ""
    })
final class PredictCommand implements Callable<Integer> {

  private static final int USUAL_CHOICES = 5;

  @Spec private CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = "RUN|MODEL",
      description =
          "A run's folder (its best checkpoint is taken), one of its checkpoints, a Hugging Face "
              + "folder or owner/name of one that zoo pull brought; with --weights, a model or "
              + "recipe.")
  private String run;

  @Parameters(
      index = "1..*",
      paramLabel = "KEY=VALUE",
      description = "With --weights, what differs from the model's preset: model.<key>=<value>.")
  private List<String> settings = List.of();

  @Mixin private WeightOptions weights = new WeightOptions();

  @Option(
      names = "--input",
      required = true,
      paramLabel = "INPUT",
      description =
          "A text, a file with a text on each line, or - for lines of standard input; an image's "
              + "file for classifiers of images, a WAV file for runs on speech; a table's file (CSV, JSON lines) for runs on tables "
              + "and series, or a row's numbers; numbers with blanks between them for items, and for "
              + "tokens without a tokenizer. May be given several times.")
  private List<String> inputs = List.of();

  @Option(names = "--top-k", paramLabel = "K", description = "How many answers to show.")
  private int topK = USUAL_CHOICES;

  @Option(
      names = "--length",
      paramLabel = "N",
      description = "How many tokens a language model goes on with, the likeliest each time.")
  private int length = 20;

  @Option(
      names = "--tokenizer",
      paramLabel = "PATH",
      description = "A tokenizer.json or a folder with one; by default the model's own.")
  private Path tokenizer;

  @Option(
      names = "--mask",
      paramLabel = "TOKEN",
      description = "Where tokens are numbers: the one that hides others, written _ in the input.")
  private long mask = -1;

  @Option(
      names = "--mean",
      split = ",",
      paramLabel = "X",
      description =
          "Images: what is taken off 0 to 1; by default as in the run's data, else as for ImageNet.")
  private float[] mean;

  @Option(
      names = "--deviation",
      split = ",",
      paramLabel = "X",
      description =
          "Images: what it is then divided by; by default as in the run's data, else as for "
              + "ImageNet.")
  private float[] deviation;

  @Option(names = "--device", paramLabel = "DEVICE", description = "cpu, gpu or gpu:<number>.")
  private String device = "cpu";

  @Option(names = "--json", description = "Print as JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    if (topK < 1 || length < 0) {
      throw new UserException(
          "--top-k " + topK + " --length " + length + ": expected 1 or more, and 0 or more");
    }
    PrintWriter out = spec.commandLine().getOut();
    try (TrainedModel model = load()) {
      model.notes().forEach(spec.commandLine().getErr()::println);
      List<Map<String, Object>> answers = answers(model);
      if (json) {
        Json.print(out, answers);
      } else {
        answers.forEach(answer -> AnswerPrinter.print(out, answer));
        out.flush();
      }
    }
    return ExitCode.OK;
  }

  private TrainedModel load() {
    Papers papers = Papers.load();
    if (weights.weights().isEmpty() && !settings.isEmpty()) {
      throw new UserException(
          "'" + settings.get(0) + "' was given, but a trained model is what it is; leave it out");
    }
    return weights
        .weights()
        .map(w -> TrainedModel.load(papers, run, settings, w, device))
        .orElseGet(() -> TrainedModel.load(papers, ModelPath.ofTrained(papers, run), device));
  }

  private List<Map<String, Object>> answers(TrainedModel model) throws IOException {
    Predictions predictions = new Predictions(model.model(), model.manager());
    ModelKind kind = model.entry().kind();
    if (kind != ModelKind.IMAGE_CLASSIFIER && (mean != null || deviation != null)) {
      throw new UserException(
          "--mean and --deviation are for images; " + run + " is a " + kind.label());
    }
    if (kind != ModelKind.MASKED_LANGUAGE_MODEL && mask >= 0) {
      throw new UserException(
          "--mask is for models that fill masks; " + run + " is a " + kind.label());
    }
    List<Map<String, Object>> answers = new ArrayList<>();
    if (kind == ModelKind.IMAGE_CLASSIFIER) {
      for (String input : inputs) {
        Path file = Path.of(input);
        PixelImage image =
            Recordings.areInputsOf(model)
                ? Recordings.spectrogram(model, file)
                : image(model, file);
        answers.add(answer(input, classes(model, predictions.classify(image, topK))));
      }
      return answers;
    }
    if (kind == ModelKind.REGRESSOR) {
      return rows(model, predictions);
    }
    if (kind == ModelKind.FORECASTER) {
      return forecasts(model, predictions);
    }
    if (kind == ModelKind.RECOMMENDER) {
      try (TextCodec numbers = TextCodec.numbers(-1)) {
        for (String text : lines()) {
          List<Choice> items =
              predictions.rank(
                  numbers.encode(text), number(model, "items"), number(model, "maxlen"), topK);
          answers.add(answer(text, items.stream().map(i -> row("item", i, "score")).toList()));
        }
      }
      return answers;
    }
    if (kind != ModelKind.CAUSAL_LANGUAGE_MODEL
        && kind != ModelKind.MASKED_LANGUAGE_MODEL
        && kind != ModelKind.SEQUENCE_CLASSIFIER) {
      throw new UserException(
          run + " is a " + kind.label() + "; what it would answer has no form on a command line");
    }
    try (TextCodec codec = Codecs.of(model, tokenizer, mask)) {
      for (String text : texts(model)) {
        long[] tokens = codec.encode(text);
        check(model, tokens);
        answers.add(answer(model, predictions, codec, text, tokens));
      }
    }
    return answers;
  }

  private List<Map<String, Object>> forecasts(TrainedModel model, Predictions predictions) {
    TableColumns columns =
        TableColumns.ofSeries(model.trainingData())
            .orElseThrow(
                () ->
                    new UserException(
                        run + " has no run that says what its series are; train it on forecast:"));
    TableAnswers table = new TableAnswers(predictions, columns, topK);
    int window = number(model, "window");
    List<Map<String, Object>> answers = new ArrayList<>();
    for (String input : inputs) {
      if (!isFile(input)) {
        throw new UserException(
            "no file '" + input + "'; give the file of a table whose last rows the model sees");
      }
      answers.add(table.forecast(Path.of(input), window));
    }
    return answers;
  }

  private List<Map<String, Object>> rows(TrainedModel model, Predictions predictions)
      throws IOException {
    TableColumns columns =
        TableColumns.ofTable(model.trainingData())
            .orElseThrow(
                () ->
                    new UserException(
                        run
                            + " is a regressor that was not trained on a table of numbers; only"
                            + " runs on csv: and jsonl: say what their columns are"));
    TableAnswers table = new TableAnswers(predictions, columns, topK);
    List<Map<String, Object>> answers = new ArrayList<>();
    for (String input : inputs) {
      if (isFile(input)) {
        answers.addAll(table.ofFile(Path.of(input)));
      } else {
        lines(List.of(input)).forEach(line -> answers.add(table.ofText(line)));
      }
    }
    return answers;
  }

  private Map<String, Object> answer(
      TrainedModel model, Predictions predictions, TextCodec codec, String text, long[] tokens) {
    return switch (model.entry().kind()) {
      case CAUSAL_LANGUAGE_MODEL -> {
        Map<String, Object> answer =
            answer(
                text, predictions.next(tokens, topK).stream().map(c -> token(codec, c)).toList());
        if (length > 0) {
          answer.put("continuation", continuation(model, codec, tokens));
        }
        yield answer;
      }
      case MASKED_LANGUAGE_MODEL -> {
        List<Object> masks = new ArrayList<>();
        long[] filled = tokens.clone();
        int place = 0;
        for (List<Choice> choices : predictions.fill(tokens, codec.mask(), topK)) {
          while (tokens[place] != codec.mask()) {
            place++;
          }
          filled[place++] = choices.get(0).index();
          masks.add(choices.stream().map(c -> token(codec, c)).toList());
        }
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("input", text);
        answer.put("masks", masks);
        answer.put("filled", codec.decode(filled));
        yield answer;
      }
      default -> answer(text, classes(model, predictions.classify(tokens, topK)));
    };
  }

  private String continuation(TrainedModel model, TextCodec codec, long[] tokens) {
    int[] prompt = Arrays.stream(tokens).mapToInt(Math::toIntExact).toArray();
    List<Integer> ends = model.folder().map(f -> f.endTokens()).orElse(List.of());
    int[] added =
        new Generation(model.model(), model.manager())
            .run(prompt, length, Sampling.GREEDY, token -> !ends.contains(token));
    return TokenText.after(codec, tokens, Arrays.stream(added).asLongStream().toArray());
  }

  private static void check(TrainedModel model, long[] tokens) {
    long vocabulary = Codecs.vocabulary(model);
    for (long token : tokens) {
      if (token >= vocabulary) {
        throw new UserException(
            "token " + token + " is none of the model's " + vocabulary + "; see --tokenizer");
      }
    }
  }

  private PixelImage image(TrainedModel model, Path file) {
    int channels = number(model, "channels");
    PixelImage.Scale usual = scale(model.trainingData(), channels);
    PixelImage.Scale scale =
        new PixelImage.Scale(
            mean == null ? usual.mean() : mean, deviation == null ? usual.deviation() : deviation);
    return PixelImage.read(file, channels, number(model, "image"), scale);
  }

  /** That of the images it was trained on, if its run says. */
  private static PixelImage.Scale scale(Map<String, Object> data, int channels) {
    if (data.get("means") instanceof List<?> means
        && data.get("deviations") instanceof List<?> deviations
        && means.size() == channels
        && deviations.size() == channels) {
      return new PixelImage.Scale(floats(means), floats(deviations));
    }
    return channels == 1 ? PixelImage.Scale.NONE : PixelImage.Scale.IMAGENET;
  }

  private static float[] floats(List<?> numbers) {
    float[] floats = new float[numbers.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = Float.parseFloat(numbers.get(i).toString());
    }
    return floats;
  }

  private int number(TrainedModel model, String key) {
    if (model.config().modelOverrides().get(key) instanceof Number number) {
      return number.intValue();
    }
    throw new UserException(run + " has no '" + key + "' in its config, by which to ask it");
  }

  private static Map<String, Object> answer(String input, List<Map<String, Object>> choices) {
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("input", input);
    answer.put("choices", choices);
    return answer;
  }

  private static Map<String, Object> token(TextCodec codec, Choice choice) {
    Map<String, Object> row = row("token", choice, "probability");
    row.put("text", codec.decode(new long[] {choice.index()}));
    return row;
  }

  private static List<Map<String, Object>> classes(TrainedModel model, List<Choice> choices) {
    List<String> labels = new ArrayList<>(model.folder().map(f -> f.labels()).orElse(List.of()));
    if (model.trainingData().get("classes") instanceof List<?> classes) {
      classes.forEach(name -> labels.add(String.valueOf(name)));
    }
    return classes(choices, labels);
  }

  /** Choices with the names of their classes, as far as these are known. */
  static List<Map<String, Object>> classes(List<Choice> choices, List<String> labels) {
    List<Map<String, Object>> rows = new ArrayList<>();
    for (Choice choice : choices) {
      Map<String, Object> row = row("class", choice, "probability");
      if (choice.index() < labels.size()) {
        row.put("label", labels.get(choice.index()));
      }
      rows.add(row);
    }
    return rows;
  }

  private static Map<String, Object> row(String what, Choice choice, String value) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put(what, choice.index());
    row.put(value, choice.value());
    return row;
  }

  /** Lines; of a table's file the column of texts that the run learned from, if there was one. */
  private List<String> texts(TrainedModel model) throws IOException {
    if (!(model.trainingData().get("text") instanceof String column)) {
      return lines();
    }
    List<String> texts = new ArrayList<>();
    for (String input : inputs) {
      if (isFile(input) && TableAnswers.isTable(Path.of(input))) {
        TextTable table = TableAnswers.table(Path.of(input));
        int place = table.column(column);
        table.rows().forEach(row -> texts.add(row[place]));
      } else {
        texts.addAll(lines(List.of(input)));
      }
    }
    return texts;
  }

  private List<String> lines() throws IOException {
    return lines(inputs);
  }

  private static List<String> lines(List<String> inputs) throws IOException {
    List<String> lines = new ArrayList<>();
    for (String input : inputs) {
      if (input.equals("-")) {
        BufferedReader in =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        in.lines().forEach(lines::add);
      } else if (isFile(input)) {
        lines.addAll(Files.readAllLines(Path.of(input)));
      } else {
        lines.add(input);
      }
    }
    lines.removeIf(String::isBlank);
    if (lines.isEmpty()) {
      throw new UserException("the input is empty; give a text with --input");
    }
    return lines;
  }

  private static boolean isFile(String input) {
    try {
      return Files.isRegularFile(Path.of(input));
    } catch (InvalidPathException e) {
      return false;
    }
  }
}
