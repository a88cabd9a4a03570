package org.attentionzoo.datasets.generated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.generated.NeedleRetrieval.Options;
import org.junit.jupiter.api.Test;

class NeedleRetrievalTest {

  @Test
  void theAnswerStandsAfterTheOnlyMarkBeforeTheAskedKey() {
    Options o = new Options(32, 64, List.of(), 3, 2, 5, 6, 7, 40, 1);
    NeedleRetrieval source = NeedleRetrieval.inFiller(o);
    assertThat(source.vocabulary()).isEqualTo(19);
    double depth = 0;
    int rows = 0;
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int step = 0; step < 40; step++) {
        Batch batch = source.training(manager, 9, step);
        long[] tokens = batch.inputs().head().toLongArray();
        long[] labels = batch.labels().head().toLongArray();
        for (int row = 0; row < 32; row++) {
          int offset = row * 64;
          // mark, key and the first token of the answer are the last three inputs
          assertThat(tokens[offset + 61]).isZero();
          long key = tokens[offset + 62];
          assertThat(tokens[offset + 63]).isEqualTo(labels[offset + 62]);
          List<Integer> marks = new ArrayList<>();
          int needle = -1;
          for (int i = 0; i < 61; i++) {
            assertThat(labels[offset + i]).isEqualTo(-1);
            if (tokens[offset + i] == 0) {
              marks.add(i);
              needle = tokens[offset + i + 1] == key ? i : needle;
            }
          }
          assertThat(marks).hasSize(3);
          assertThat(tokens[offset + needle + 2]).isEqualTo(labels[offset + 62]).isBetween(6L, 11L);
          assertThat(tokens[offset + needle + 3]).isEqualTo(labels[offset + 63]);
          depth += needle;
          rows++;
        }
      }
    }
    // Symmetric over starts 0 to 57 of a needle of 4 in 61 places: the mean is the middle.
    assertThat(depth / rows).isCloseTo(28.5, within(3.3 * 17 / Math.sqrt(rows)));
  }

  @Test
  void textHoldsSentencesAndItsPartsStayApart() {
    byte[] training = "ab".repeat(300).getBytes(StandardCharsets.US_ASCII);
    byte[] validation = "xyz".repeat(300).getBytes(StandardCharsets.US_ASCII);
    Options o = new Options(8, 200, List.of(200, 400), 2, 5, 1, 1, 1, 8, 1);
    NeedleRetrieval source = NeedleRetrieval.inText(o, training, validation);
    Pattern sentence = Pattern.compile(" The magic number of ([a-z]{3}) is ([0-9]{5})\\.");
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int part = -1; part < 2; part++) {
        Batch batch = part < 0 ? source.training(manager, 1, 0) : source.validation(manager, part);
        int length = part == 1 ? 400 : 200;
        assertThat(batch.inputs().head().getShape()).isEqualTo(new Shape(8, length));
        long[] tokens = batch.inputs().head().toLongArray();
        long[] labels = batch.labels().head().toLongArray();
        for (int row = 0; row < 8; row++) {
          StringBuilder text = new StringBuilder();
          StringBuilder answer = new StringBuilder();
          for (int i = 0; i < length; i++) {
            text.append((char) tokens[row * length + i]);
            if (labels[row * length + i] >= 0) {
              answer.append((char) labels[row * length + i]);
            }
          }
          Matcher matcher = sentence.matcher(text);
          String asked = text.substring(length - 12, length - 4);
          assertThat(asked).endsWith(" is ");
          int found = 0;
          while (matcher.find()) {
            found++;
            if (asked.startsWith(matcher.group(1), 1)) {
              assertThat(answer).hasToString(matcher.group(2));
              found += 10;
            }
          }
          assertThat(found).isEqualTo(12);
          assertThat(text).endsWith(answer.substring(0, 4));
          assertThat(matcher.replaceAll("").substring(0, 50))
              .matches(part < 0 ? "[ab]*" : "[xyz]*");
        }
      }
    }
  }

  @Test
  void refusesWhatDoesNotFitTogether() {
    for (Options wrong :
        List.of(
            new Options(8, 8, List.of(), 2, 2, 5, 5, 5, 8, 1),
            new Options(8, 64, List.of(64, 5), 2, 2, 5, 5, 5, 8, 1),
            new Options(8, 64, List.of(), 6, 2, 5, 9, 5, 8, 1),
            new Options(8, 64, List.of(), 2, 0, 5, 5, 5, 8, 1),
            new Options(0, 64, List.of(), 2, 2, 5, 5, 5, 8, 1))) {
      assertThatThrownBy(() -> NeedleRetrieval.inFiller(wrong)).isInstanceOf(UserException.class);
    }
    assertThatThrownBy(
            () -> NeedleRetrieval.inText(Options.standard(), new byte[0], new byte[] {1}))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("empty");
  }
}
