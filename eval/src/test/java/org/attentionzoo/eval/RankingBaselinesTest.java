package org.attentionzoo.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.attentionzoo.datasets.recommendation.Interactions;
import org.attentionzoo.datasets.recommendation.ItemOrder;
import org.attentionzoo.datasets.recommendation.LeaveOneOut;
import org.attentionzoo.eval.RankingBaselines.Baseline;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RankingBaselinesTest {

  @TempDir Path folder;

  @Test
  void countsWhatTheTrainingPartHolds() throws IOException {
    // Training parts: a 1 2, b 1 2, c 3 1, d 4 (two left out). Validation: a 3, b 4, c 2, d 5.
    String text = "a 1\na 2\na 3\na 9\nb 1\nb 2\nb 4\nb 9\nc 3\nc 1\nc 2\nc 9\nd 4\nd 5\nd 9\n";
    Path file = Files.writeString(folder.resolve("data.txt"), text);
    LeaveOneOut source =
        new LeaveOneOut(
            Interactions.load(file.toString()),
            new LeaveOneOut.Options(1, 1, false, 0, 0, 1, 1),
            5);
    List<Baseline> baselines = RankingBaselines.of(source);
    // Popularity: 1 three times, 2 twice, 3 and 4 once, 5 to 9 never; a user's own are out.
    // a: 3 ties with 4 for the first place. b: 4 with 3. c: 2 is first. d: 5 after 1, 2, 3, with
    // four others.
    assertThat(baselines.get(0).metrics().get("hr@1")).isCloseTo(2.0 / 4, within(1e-9));
    double last = (1 / 4.0 + 1 / 5.0 + 1 / 6.0 + 1 / 7.0 + 1 / 8.0) / 5;
    assertThat(baselines.get(0).metrics().get("mrr"))
        .isCloseTo((0.75 + 0.75 + 1 + last) / 4, within(1e-9));
    // After 1 came 2 twice: c is right by counts too; nothing came after 2 or 4.
    assertThat(baselines.get(1).metrics().get("mrr"))
        .isCloseTo((0.75 + 0.75 + 1 + last) / 4, within(1e-9));
  }

  @Test
  void theNewestItemAloneDoesNotTellTheOrder() {
    ItemOrder source = new ItemOrder(new ItemOrder.Options(200, 20, 8, 1, 200, 1), 20);
    for (Baseline baseline : RankingBaselines.of(source)) {
      assertThat(baseline.metrics().get("hr@1")).as(baseline.name()).isLessThan(0.05);
    }
  }

  @Test
  void theNewestItemTellsWhatAlwaysFollows() throws IOException {
    StringBuilder text = new StringBuilder();
    for (int user = 0; user < 20; user++) {
      for (int t = 0; t < 8; t++) {
        text.append(user).append(' ').append((user + 3 * t) % 20 + 1).append('\n');
      }
    }
    Path file = Files.writeString(folder.resolve("data.txt"), text);
    LeaveOneOut source =
        new LeaveOneOut(
            Interactions.load(file.toString()), new LeaveOneOut.Options(1, 1, true, 0, 0, 1, 1), 5);
    List<Baseline> baselines = RankingBaselines.of(source);
    assertThat(baselines.get(0).metrics().get("hr@1")).isLessThan(0.5);
    assertThat(baselines.get(1).metrics().get("hr@1")).isEqualTo(1);
  }
}
