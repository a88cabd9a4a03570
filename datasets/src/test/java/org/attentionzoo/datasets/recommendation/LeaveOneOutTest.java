package org.attentionzoo.datasets.recommendation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.recommendation.RankingSource.Question;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeaveOneOutTest {

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

  /** Users with 6, 2, 3 and 1 actions among 12 items. */
  private LeaveOneOut source(int length, int negatives, boolean test, int candidates)
      throws IOException {
    Path file = folder.resolve("data.txt");
    Files.writeString(file, "a 1\na 2\na 3\na 4\na 5\na 6\nb 7\nb 8\nc 9\nc 10\nc 11\nd 12\n");
    return new LeaveOneOut(
        Interactions.load(file.toString()),
        new LeaveOneOut.Options(4, negatives, test, candidates, 0, 8, 1),
        length);
  }

  @Test
  void trainsOnEachNextItemAndNeverOnWhatIsLeftOut() throws IOException {
    LeaveOneOut source = source(5, 2, false, 3);
    assertThat(source.trainedUsers()).isEqualTo(2);
    Set<String> seen = new HashSet<>();
    for (int step = 0; step < 20; step++) {
      Batch batch = source.training(manager, 3, step);
      long[] histories = batch.inputs().get(0).toLongArray();
      long[] candidates = batch.inputs().get(1).toLongArray();
      long[] places = batch.labels().get(0).toLongArray();
      assertThat(batch.inputs().get(1).getShape()).isEqualTo(new Shape(4, 5, 3));
      for (int row = 0; row < 4; row++) {
        long[] history = Arrays.copyOfRange(histories, row * 5, row * 5 + 5);
        List<Long> targets = new ArrayList<>();
        for (int slot = row * 5; slot < row * 5 + 5; slot++) {
          targets.add(candidates[slot * 3]);
          assertThat(places[slot]).isEqualTo(histories[slot] == 0 ? -1 : 0);
          for (int k = 1; k < 3 && histories[slot] != 0; k++) {
            assertThat(candidates[slot * 3 + k])
                .isBetween(1L, 12L)
                .isNotIn(batch.ids()[row] == 0 ? List.of(1L, 2L, 3L, 4L) : List.of(7L, 8L));
          }
        }
        if (batch.ids()[row] == 0) {
          assertThat(history).containsExactly(0, 0, 1, 2, 3);
          assertThat(targets).containsExactly(0L, 0L, 2L, 3L, 4L);
        } else {
          assertThat(history).containsExactly(0, 0, 0, 0, 7);
          assertThat(targets).endsWith(8L);
        }
        seen.add(Arrays.toString(history));
      }
    }
    assertThat(seen).hasSize(2);
  }

  @Test
  void aBatchIsAFunctionOfSeedAndStep() throws IOException {
    LeaveOneOut source = source(5, 1, false, 3);
    long[] first = source.training(manager, 3, 9).inputs().get(1).toLongArray();
    assertThat(source.training(manager, 3, 9).inputs().get(1).toLongArray()).isEqualTo(first);
    assertThat(source.training(manager, 3, 10).inputs().get(1).toLongArray()).isNotEqualTo(first);
    assertThat(source.training(manager, 4, 9).inputs().get(1).toLongArray()).isNotEqualTo(first);
  }

  @Test
  void cutsLongHistoriesToTheNewestItems() throws IOException {
    Batch batch = source(2, 1, true, 3).validation(manager, 0);
    assertThat(batch.inputs().get(0).toLongArray()).containsExactly(4, 5, 9, 10);
  }

  @Test
  void asksForTheLastButOneOrTheLast() throws IOException {
    List<Question> validation = source(5, 1, false, 3).questions().toList();
    assertThat(validation).extracting(Question::target).containsExactly(5, 10);
    assertThat(validation.get(0).history()).containsExactly(1, 2, 3, 4);
    List<Question> test = source(5, 1, true, 3).questions().toList();
    assertThat(test).extracting(Question::target).containsExactly(6, 11);
    assertThat(test.get(0).history()).containsExactly(1, 2, 3, 4, 5);
    assertThat(test.get(0).others()).hasSize(3).doesNotContain(1, 2, 3, 4);
  }

  @Test
  void batchesAskTheQuestions() throws IOException {
    LeaveOneOut source = source(5, 1, true, 4);
    Batch batch = source.validation(manager, 0);
    long[] candidates = batch.inputs().get(1).toLongArray();
    List<Question> questions = source.questions().toList();
    for (int row = 0; row < 2; row++) {
      Question question = questions.get(row);
      assertThat(candidates[row * 5]).isEqualTo(question.target());
      for (int i = 0; i < 4; i++) {
        assertThat(candidates[row * 5 + 1 + i]).isEqualTo(question.others().get(i).longValue());
      }
    }
    assertThat(batch.labels().get(0).toLongArray()).containsExactly(0, 0);
  }

  @Test
  void ranksAmongAllItemsButThoseOfTheTrainingPart() throws IOException {
    LeaveOneOut source = source(5, 1, true, 0);
    Batch batch = source.validation(manager, 0);
    assertThat(batch.inputs()).hasSize(1);
    assertThat(batch.labels().get(0).toLongArray()).containsExactly(6, 11);
    assertThat(batch.labels().get(1).toLongArray())
        .containsExactly(0, 1, 2, 3, 4, 0, 9, -1, -1, -1);
    assertThat(source.questions().toList().get(0).excluded()).containsExactly(1, 2, 3, 4);
  }

  @Test
  void refusesDataThatAsksNothing() throws IOException {
    Path file = Files.writeString(folder.resolve("few.txt"), "1 1\n1 2\n");
    Interactions data = Interactions.load(file.toString());
    LeaveOneOut.Options options = new LeaveOneOut.Options(4, 1, false, 3, 0, 8, 1);
    assertThatThrownBy(() -> new LeaveOneOut(data, options, 5))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("0 with 3 actions to ask");
  }

  @Test
  void aNegativeExistsEvenForOneWhoTookEverything() {
    int item = NextItemRows.negative(new java.util.SplittableRandom(1), 3, new int[] {1, 2, 3});
    assertThat(item).isBetween(1, 3);
  }
}
