package org.attentionzoo.datasets.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.attentionzoo.blocks.UserException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LongRangeArenaTest {

  @TempDir Path folder;

  private void write(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }

  @Test
  void readsListOpsAsReleased() throws IOException {
    write("basic_train.tsv", "Source\tTarget\n( ( ( [MAX 4 ) 3 ) ] )\t4\n( ( [SM 9 ) ] )\t9\n");
    write("basic_val.tsv", "Source\tTarget\n( ( [MIN 0 ) ] )\t0\n");
    LongRangeArena data = LongRangeArena.listOps(folder, 3, false);
    assertThat(data.training().get(0).tokens()).containsExactly(12, 5, 4);
    assertThat(data.training().get(1).tokens()).containsExactly(14, 10, 15);
    assertThat(LongRangeArena.labels(data.training())).containsExactly(4, 9);
    assertThat(data.evaluated()).hasSize(1);
    assertThat(data.vocabulary()).isEqualTo(16);
    assertThatThrownBy(() -> LongRangeArena.listOps(folder, 3, true))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("basic_test.tsv");
    write("basic_val.tsv", "Source\tTarget\n( [MIN 0 ] )\n");
    assertThatThrownBy(() -> LongRangeArena.listOps(folder, 3, false))
        .hasMessageContaining("line 2");
    write("basic_val.tsv", "Source\tTarget\n( [SUM 0 ] )\t1\n");
    assertThatThrownBy(() -> LongRangeArena.listOps(folder, 3, false)).hasMessageContaining("[SUM");
  }

  @Test
  void readsDocumentPairs() throws IOException {
    write("new_aan_pairs.train.tsv", "1.0\tA1\tB2\tabc\tde\n0.0\tA\tB\tabcdefg\th\n");
    write("new_aan_pairs.eval.tsv", "0\tA\tB\t\t\n");
    LongRangeArena data = LongRangeArena.documentPairs(folder, 5, false);
    assertThat(data.training().get(0).tokens())
        .containsExactly('a' + 1, 'b' + 1, 257, 'd' + 1, 'e' + 1);
    assertThat(data.training().get(1).tokens())
        .containsExactly('a' + 1, 'b' + 1, 'c' + 1, 257, 'h' + 1);
    assertThat(LongRangeArena.labels(data.training())).containsExactly(1, 0);
    assertThat(data.evaluated().get(0).tokens()).containsExactly(257);
    write("new_aan_pairs.eval.tsv", "2\tA\tB\tx\ty\n");
    assertThatThrownBy(() -> LongRangeArena.documentPairs(folder, 5, false))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("line 1");
  }
}
