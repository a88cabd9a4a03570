package org.attentionzoo.eval.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import javax.imageio.ImageIO;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PredictionsTest {

  @TempDir private Path folder;
  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private Predictions of(UnaryOperator<NDArray> function) {
    return new Predictions(
        new ZooBlock() {
          @Override
          public NDList forward(Pass pass, NDList inputs) {
            return new NDList(function.apply(inputs.head()));
          }
        },
        manager);
  }

  /** At each place, the logit of the token of that place is 2, of its successor 1, of others 0. */
  private static NDArray echo(NDArray tokens) {
    long[] ids = tokens.toLongArray();
    float[] logits = new float[ids.length * 5];
    for (int i = 0; i < ids.length; i++) {
      logits[i * 5 + (int) ids[i]] = 2;
      logits[i * 5 + (int) ids[i] + 1] = 1;
    }
    return tokens.getManager().create(logits, new Shape(1, ids.length, 5));
  }

  @Test
  void givesTheLikeliestOfTheLastPlace() {
    List<Choice> next = of(PredictionsTest::echo).next(new long[] {1, 3}, 2);
    double total = Math.exp(2) + Math.exp(1) + 3;
    assertThat(next).extracting(Choice::index).containsExactly(3, 4);
    assertThat(next.get(0).value()).isCloseTo(Math.exp(2) / total, within(1e-6));
    assertThat(next.get(1).value()).isCloseTo(Math.exp(1) / total, within(1e-6));
  }

  @Test
  void givesTheLikeliestOfEachMask() {
    List<List<Choice>> filled = of(PredictionsTest::echo).fill(new long[] {2, 0, 3, 2}, 2, 1);
    assertThat(filled).hasSize(2).allSatisfy(c -> assertThat(c.get(0).index()).isEqualTo(2));
    assertThatThrownBy(() -> of(PredictionsTest::echo).fill(new long[] {1}, 2, 1))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no mask");
  }

  @Test
  void ranksWhatTheHistoryDoesNotHave() {
    long[][] seen = new long[1][];
    Predictions predictions =
        of(
            history -> {
              seen[0] = history.toLongArray();
              return history.getManager().create(new float[] {9, 1, 8, 3, 7, 2}, new Shape(1, 6));
            });
    assertThat(predictions.rank(new long[] {5, 1, 2}, 5, 2, 2))
        .containsExactly(new Choice(4, 7), new Choice(3, 3));
    assertThat(seen[0]).containsExactly(1, 2);
    seen[0] = null;
    for (long unknown : new long[] {0, 6, 999_999}) {
      assertThatThrownBy(() -> predictions.rank(new long[] {unknown}, 5, 2, 2))
          .isInstanceOf(UserException.class)
          .hasMessage("item " + unknown + " is none of the model's, which are 1 to 5");
    }
    assertThat(seen[0]).as("the model is not asked").isNull();
  }

  @Test
  void readsImages() throws IOException {
    // The rows at both ends are cut off: the square is in the middle.
    BufferedImage image = new BufferedImage(4, 6, BufferedImage.TYPE_INT_RGB);
    for (int x = 0; x < 4; x++) {
      for (int y = 0; y < 6; y++) {
        image.setRGB(x, y, y == 0 || y == 5 ? 0x00FF00 : y < 3 ? 0xFF0033 : 0x0000FF);
      }
    }
    File file = folder.resolve("x.png").toFile();
    ImageIO.write(image, "png", file);
    PixelImage.Scale scale =
        new PixelImage.Scale(new float[] {0, 0, 0.2f}, new float[] {1, 1, 0.5f});
    float[] values = PixelImage.read(file.toPath(), 3, 4, scale).values();
    float[] expected = new float[3 * 16];
    Arrays.fill(expected, 0, 8, 1);
    Arrays.fill(expected, 40, 48, 1.6f);
    assertThat(values).containsExactly(expected, within(1e-6f));
    assertThatThrownBy(() -> PixelImage.read(folder.resolve("none.png"), 3, 2, scale))
        .isInstanceOf(UserException.class);
    Path text = Files.write(folder.resolve("y.png"), "no image".getBytes(StandardCharsets.UTF_8));
    assertThatThrownBy(() -> PixelImage.read(text, 3, 2, scale))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no image");
  }

  @Test
  void writesTokensAsBytesAndNumbers() {
    TextCodec bytes = TextCodec.bytes();
    assertThat(bytes.encode("\u00e9a")).containsExactly(0xC3, 0xA9, 'a');
    assertThat(bytes.decode(new long[] {0xC3, 0xA9, 'a'})).isEqualTo("\u00e9a");
    TextCodec numbers = TextCodec.numbers(7);
    assertThat(numbers.encode(" 1, 2 _")).containsExactly(1, 2, 7);
    assertThat(numbers.decode(new long[] {1, 2})).isEqualTo("1 2");
    assertThatThrownBy(() -> numbers.encode("a")).isInstanceOf(UserException.class);
    assertThatThrownBy(() -> TextCodec.numbers(-1).encode("_"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("--mask");
  }
}
