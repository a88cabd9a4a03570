package org.attentionzoo.datasets.recommendation;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.SeededStream;
import org.attentionzoo.datasets.Tensors;

/**
 * Interactions split by leaving the last ones out, as SASRec's authors do (Kang and McAuley 2018,
 * section 4.1): of each user with at least three actions the last one is for testing and the one
 * before for validation; other users are trained on only. Tests are asked with the validation item
 * in the history. A training batch draws users with at least two training actions uniformly, with
 * replacement.
 *
 * <p>Ranked is among {@code candidates} items that are drawn, with replacement, from those that the
 * user's training part does not have, or among all of those.
 */
public final class LeaveOneOut implements RankingSource {

  private static final int FEWEST_ACTIONS = 3;
  private static final long EVALUATION = 0x5EEDC0DE;
  private static final int MOST = 1 << 20;

  private final Interactions data;
  private final Options options;
  private final int length;
  private final int[] trained;
  private final int[] asked;
  private final int[][] taken;

  /**
   * The choices.
   *
   * @param batch how many users a training batch has
   * @param negatives how many items are drawn beside each target; 0 for all items
   * @param test whether the last items are asked for instead of the last but one
   * @param candidates how many items a target is ranked among; 0 for all that the user's training
   *     part does not have
   * @param users how many users are asked at most; 0 for all
   * @param evaluationBatch how many users a validation batch has
   * @param evaluationSeed decides which users are asked and what is drawn
   */
  public record Options(
      int batch,
      int negatives,
      boolean test,
      int candidates,
      int users,
      int evaluationBatch,
      long evaluationSeed) {

    /** Checks the numbers. */
    public Options {
      range("batch", batch, 1);
      range("negatives", negatives, 0);
      range("candidates", candidates, 0);
      range("users", users, 0);
      range("evaluationBatch", evaluationBatch, 1);
    }

    private static void range(String name, int value, int least) {
      if (value < least || value > MOST) {
        throw new IllegalArgumentException(
            name + "=" + value + "; expected a number from " + least + " to " + MOST);
      }
    }
  }

  /**
   * Splits interactions.
   *
   * @param data the interactions
   * @param options the choices
   * @param length how many items of a history a model sees
   * @throws UserException if there is nobody to train on or to ask
   */
  public LeaveOneOut(Interactions data, Options options, int length) {
    this.data = data;
    this.options = options;
    this.length = length;
    trained = IntStream.range(0, data.users()).filter(u -> trainingCount(u) >= 2).toArray();
    taken = new int[data.users()][];
    for (int user = 0; user < taken.length; user++) {
      taken[user] = NextItemRows.distinct(training(user));
    }
    asked = asked();
    if (trained.length == 0 || asked.length == 0) {
      throw new UserException(
          "'"
              + data.source()
              + "' has "
              + trained.length
              + " users with two actions to train on and "
              + asked.length
              + " with "
              + FEWEST_ACTIONS
              + " actions to ask; expected at least one of each");
    }
  }

  private int[] asked() {
    int[] all =
        IntStream.range(0, data.users())
            .filter(u -> data.sequence(u).length >= FEWEST_ACTIONS)
            .toArray();
    if (options.users() == 0 || all.length <= options.users()) {
      return all;
    }
    SplittableRandom random = SeededStream.of(options.evaluationSeed() ^ EVALUATION, -1);
    for (int i = 0; i < options.users(); i++) {
      int other = i + random.nextInt(all.length - i);
      int chosen = all[other];
      all[other] = all[i];
      all[i] = chosen;
    }
    return Arrays.copyOf(all, options.users());
  }

  private int trainingCount(int user) {
    int actions = data.sequence(user).length;
    return actions < FEWEST_ACTIONS ? actions : actions - 2;
  }

  private int[] training(int user) {
    return Arrays.copyOf(data.sequence(user), trainingCount(user));
  }

  /** {@inheritDoc} */
  @Override
  public int items() {
    return data.items();
  }

  /**
   * How many users are asked.
   *
   * @return the number of questions
   */
  public int askedUsers() {
    return asked.length;
  }

  /**
   * How many users are trained on.
   *
   * @return those with at least two training actions
   */
  public int trainedUsers() {
    return trained.length;
  }

  /** {@inheritDoc} */
  @Override
  public Stream<int[]> trainingSequences() {
    return IntStream.range(0, data.users()).mapToObj(this::training);
  }

  /** {@inheritDoc} */
  @Override
  public Batch training(NDManager manager, long seed, long step) {
    NextItemRows rows =
        new NextItemRows(options.batch(), length, data.items(), options.negatives());
    long[] ids = new long[options.batch()];
    for (int row = 0; row < options.batch(); row++) {
      SplittableRandom random = SeededStream.of(seed, step * options.batch() + row);
      int user = trained[random.nextInt(trained.length)];
      ids[row] = user;
      rows.put(row, training(user), taken[user], random);
    }
    return rows.batch(manager, ids);
  }

  /** {@inheritDoc} */
  @Override
  public int validationBatches() {
    return (asked.length - 1) / options.evaluationBatch() + 1;
  }

  private int known(int user) {
    return data.sequence(user).length - (options.test() ? 1 : 2);
  }

  private int target(int user) {
    return data.sequence(user)[known(user)];
  }

  /** {@inheritDoc} */
  @Override
  public Batch validation(NDManager manager, int index) {
    if (index < 0 || index >= validationBatches()) {
      throw new IndexOutOfBoundsException(
          "validation batch " + index + " of " + validationBatches());
    }
    int first = index * options.evaluationBatch();
    int rows = Math.min(options.evaluationBatch(), asked.length - first);
    long[] histories = new long[rows * length];
    long[] ids = new long[rows];
    for (int row = 0; row < rows; row++) {
      int user = asked[first + row];
      ids[row] = user;
      NextItemRows.putHistory(histories, row, length, data.sequence(user), known(user));
    }
    NDList inputs = new NDList(Tensors.int64(manager, new Shape(rows, length), histories));
    NDList labels = new NDList();
    if (options.candidates() > 0) {
      askAmongSome(manager, ids, inputs, labels);
    } else {
      askAmongAll(manager, ids, labels);
    }
    return new Batch(inputs, labels, ids);
  }

  private void askAmongSome(NDManager manager, long[] users, NDList inputs, NDList labels) {
    int columns = 1 + options.candidates();
    long[] candidates = new long[users.length * columns];
    for (int row = 0; row < users.length; row++) {
      int user = (int) users[row];
      candidates[row * columns] = target(user);
      int[] others = drawn(user);
      for (int i = 0; i < others.length; i++) {
        candidates[row * columns + 1 + i] = others[i];
      }
    }
    long[] none = new long[users.length];
    Arrays.fill(none, -1);
    inputs.add(Tensors.int64(manager, new Shape(users.length, columns), candidates));
    labels.add(Tensors.int64(manager, new Shape(users.length), new long[users.length]));
    labels.add(Tensors.int64(manager, new Shape(users.length, 1), none));
  }

  private void askAmongAll(NDManager manager, long[] users, NDList labels) {
    int most = 0;
    List<int[]> excluded = new ArrayList<>();
    for (long user : users) {
      excluded.add(excluded((int) user));
      most = Math.max(most, excluded.get(excluded.size() - 1).length);
    }
    long[] places = new long[users.length];
    long[] columns = new long[users.length * (1 + most)];
    Arrays.fill(columns, -1);
    for (int row = 0; row < users.length; row++) {
      places[row] = target((int) users[row]);
      columns[row * (1 + most)] = 0;
      int[] items = excluded.get(row);
      for (int i = 0; i < items.length; i++) {
        columns[row * (1 + most) + 1 + i] = items[i];
      }
    }
    labels.add(Tensors.int64(manager, new Shape(users.length), places));
    labels.add(Tensors.int64(manager, new Shape(users.length, 1L + most), columns));
  }

  private int[] drawn(int user) {
    SplittableRandom random = SeededStream.of(options.evaluationSeed() ^ EVALUATION, user);
    int[] others = new int[options.candidates()];
    Arrays.setAll(others, i -> NextItemRows.negative(random, data.items(), taken[user]));
    return others;
  }

  /** What the user took, but for the target, which may be taken twice. */
  private int[] excluded(int user) {
    int target = target(user);
    return Arrays.stream(taken[user]).filter(i -> i != target).toArray();
  }

  /** {@inheritDoc} */
  @Override
  public Stream<Question> questions() {
    return Arrays.stream(asked)
        .mapToObj(
            user ->
                new Question(
                    boxed(Arrays.copyOf(data.sequence(user), known(user))),
                    target(user),
                    options.candidates() > 0 ? boxed(drawn(user)) : null,
                    boxed(excluded(user))));
  }

  private static List<Integer> boxed(int[] values) {
    return Arrays.stream(values).boxed().toList();
  }
}
