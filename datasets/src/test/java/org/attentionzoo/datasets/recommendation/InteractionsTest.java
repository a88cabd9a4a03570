package org.attentionzoo.datasets.recommendation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.attentionzoo.blocks.UserException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InteractionsTest {

  @TempDir Path folder;

  private Interactions read(String text) throws IOException {
    return Interactions.load(Files.writeString(folder.resolve("data.txt"), text).toString());
  }

  @Test
  void keepsEachUsersItemsInOrder() throws IOException {
    Interactions data = read("7 3\nanna 2\n7 1\n\n7 3\nanna\t9\r\n");
    assertThat(data.users()).isEqualTo(2);
    assertThat(data.items()).isEqualTo(9);
    assertThat(data.actions()).isEqualTo(5);
    assertThat(data.sequence(0)).containsExactly(3, 1, 3);
    assertThat(data.sequence(1)).containsExactly(2, 9);
  }

  @Test
  void sortsRecBolesFilesByTime() throws IOException {
    Interactions data =
        read(
            "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
                + "1\t5\t3\t30\n1\t6\t3\t10\n1\t7\t3\t30\n1\t8\t1\t2e1\n");
    assertThat(data.sequence(0)).containsExactly(6, 8, 5, 7);
  }

  private Interactions read(String name, String text) throws IOException {
    return Interactions.load(Files.writeString(folder.resolve(name), text).toString());
  }

  @Test
  void readsMovieLensFiles() throws IOException {
    Interactions small = read("u.data", "196\t242\t3\t20\n196\t51\t3\t10\n7\t1\t5\t1\n");
    assertThat(small.sequence(0)).containsExactly(51, 242);
    assertThat(small.users()).isEqualTo(2);
    Interactions million = read("ratings.dat", "1::1193::5::978300760\n1::661::3::978302109\n");
    assertThat(million.sequence(0)).containsExactly(1193, 661);
    Interactions latest =
        read("ratings.csv", "userId,movieId,rating,timestamp\n1,5,4.0,30\n1,6,4.5,20\n");
    assertThat(latest.sequence(0)).containsExactly(6, 5);
    assertThatThrownBy(() -> read("u.data", "196\t242\t3\n")).isInstanceOf(UserException.class);
    assertThatThrownBy(() -> read("ratings.dat", "1::2::3::4\n1::2::5\n"))
        .hasMessageContaining("line 2");
    assertThatThrownBy(() -> read("ratings.csv", "userId,movieId,rating,timestamp\n1,5,4.0\n"))
        .hasMessageContaining("line 2");
  }

  @Test
  void readsThePublishedRatings() {
    String data = System.getenv("ZOO_DATA");
    assumeTrue(data != null, "ZOO_DATA is not set: the published ratings are not read");
    Interactions ratings = Interactions.load(Path.of(data, "ml-100k", "ml-100k.inter").toString());
    assertThat(ratings.users()).isEqualTo(943);
    assertThat(ratings.items()).isEqualTo(1682);
    assertThat(ratings.actions()).isEqualTo(100_000);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "1 2\n3", "1 0", "1 -4", "1 x", "1 99999999999", "1 50000001", "1 2.5", "\n"})
  void refusesWhatIsNoInteraction(String text) {
    assertThatThrownBy(() -> read(text)).isInstanceOf(UserException.class);
  }

  @Test
  void namesTheLine() {
    assertThatThrownBy(() -> read("1 2\n1 two")).hasMessageContaining("line 2 is '1 two'");
    assertThatThrownBy(() -> read("item_id:token\n1"))
        .hasMessageContaining("expected user_id and item_id");
    assertThatThrownBy(() -> Interactions.load(folder + "/none"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("is not a file");
  }
}
