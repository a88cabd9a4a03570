package org.attentionzoo.eval.predict;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Segments;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.datasets.Tensors;

/**
 * Asks a model for one answer at a time, the likeliest first.
 *
 * <p>For one thread.
 */
public final class Predictions {

  private final ZooBlock model;
  private final NDManager manager;

  /**
   * Prepares predictions.
   *
   * @param model the model, initialised
   * @param manager on the model's device; the parent of what predictions need
   */
  public Predictions(ZooBlock model, NDManager manager) {
    this.model = model;
    this.manager = manager;
  }

  /**
   * The next token, by a causal language model.
   *
   * @param tokens at least one
   * @param most how many choices are given
   * @return tokens and their probabilities
   */
  public List<Choice> next(long[] tokens, int most) {
    float[] logits = logits(tokens);
    int vocabulary = logits.length / tokens.length;
    return probable(Arrays.copyOfRange(logits, logits.length - vocabulary, logits.length), most);
  }

  /**
   * The tokens behind masks, by a masked language model.
   *
   * @param tokens a text's tokens
   * @param mask the token that hides others
   * @param most how many choices are given for each mask
   * @return for each mask, tokens and their probabilities
   * @throws UserException if there is no mask
   */
  public List<List<Choice>> fill(long[] tokens, long mask, int most) {
    int[] places = IntStream.range(0, tokens.length).filter(i -> tokens[i] == mask).toArray();
    if (places.length == 0) {
      throw new UserException("the text has no mask to fill");
    }
    float[] logits = logits(tokens);
    int vocabulary = logits.length / tokens.length;
    List<List<Choice>> filled = new ArrayList<>();
    for (int place : places) {
      int from = place * vocabulary;
      filled.add(probable(Arrays.copyOfRange(logits, from, from + vocabulary), most));
    }
    return filled;
  }

  /**
   * The class of a sequence, by a classifier of sequences.
   *
   * @param tokens a text's tokens
   * @param most how many choices are given
   * @return classes and their probabilities
   */
  public List<Choice> classify(long[] tokens, int most) {
    return probable(logits(tokens), most);
  }

  /**
   * The class of an image, by a classifier of images.
   *
   * @param image the image
   * @param most how many choices are given
   * @return classes and their probabilities
   */
  public List<Choice> classify(PixelImage image, int most) {
    return probable(run(image.channels(), image.side(), image.values()), most);
  }

  /**
   * The class of a row of numbers, by a regressor with an output for each class.
   *
   * @param row the model's inputs
   * @param most how many choices are given
   * @return classes and their probabilities
   */
  public List<Choice> classify(float[] row, int most) {
    return probable(values(row), most);
  }

  /**
   * What a regressor says of a row of numbers.
   *
   * @param row the model's inputs
   * @return its outputs
   */
  public float[] values(float[] row) {
    try (GradientMode ignored = GradientMode.off();
        NDManager scope = manager.newSubManager()) {
      return forward(scope, scope.create(row, new Shape(1, row.length)));
    }
  }

  /**
   * What comes next, by a forecaster.
   *
   * @param window (window, channels), row by row
   * @param channels how many series there are
   * @return (horizon, channels), row by row
   */
  public float[] forecast(float[] window, int channels) {
    try (GradientMode ignored = GradientMode.off();
        NDManager scope = manager.newSubManager()) {
      return forward(scope, scope.create(window, new Shape(1, window.length / channels, channels)));
    }
  }

  private float[] run(int channels, int side, float[] values) {
    try (GradientMode ignored = GradientMode.off();
        NDManager scope = manager.newSubManager()) {
      return forward(scope, scope.create(values, new Shape(1, channels, side, side)));
    }
  }

  /**
   * The next item of a history, by a recommender.
   *
   * @param history item numbers from 1, oldest first
   * @param items how many items the model knows; a number beyond would end in its engine's error
   * @param longest how many of the newest items the model sees
   * @param most how many choices are given
   * @return items that the history does not have, and their scores
   * @throws UserException if the history is empty or has an item that the model does not know
   */
  public List<Choice> rank(long[] history, int items, int longest, int most) {
    for (long item : history) {
      if (item < 1 || item > items) {
        throw new UserException(
            "item " + item + " is none of the model's, which are 1 to " + items);
      }
    }
    long[] newest =
        Arrays.copyOfRange(history, Math.max(0, history.length - longest), history.length);
    float[] scores = logits(newest);
    boolean[] out = new boolean[scores.length];
    out[0] = true; // padding
    for (long item : history) {
      out[(int) item] = true;
    }
    return IntStream.range(0, scores.length)
        .filter(i -> !out[i])
        .mapToObj(i -> new Choice(i, scores[i]))
        .sorted(Comparator.comparingDouble(Choice::value).reversed())
        .limit(most)
        .toList();
  }

  private float[] logits(long[] tokens) {
    if (tokens.length == 0) {
      throw new UserException("the input is empty; give at least one token");
    }
    try (GradientMode ignored = GradientMode.off();
        NDManager scope = manager.newSubManager()) {
      return forward(scope, Tensors.int64(scope, new Shape(1, tokens.length), tokens));
    }
  }

  private float[] forward(NDManager scope, NDArray input) {
    Pass pass = Pass.inference(new ParameterStore(scope, false)).with(Segments.released());
    return model
        .forward(pass, new NDList(input))
        .head()
        .toType(DataType.FLOAT32, false)
        .toFloatArray();
  }

  private static List<Choice> probable(float[] logits, int most) {
    double largest = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      largest = Math.max(largest, logit);
    }
    double[] weights = new double[logits.length];
    double total = 0;
    for (int i = 0; i < logits.length; i++) {
      weights[i] = Math.exp(logits[i] - largest);
      total += weights[i];
    }
    double sum = total;
    return IntStream.range(0, logits.length)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> weights[i]).reversed())
        .limit(most)
        .map(i -> new Choice(i, weights[i] / sum))
        .toList();
  }
}
