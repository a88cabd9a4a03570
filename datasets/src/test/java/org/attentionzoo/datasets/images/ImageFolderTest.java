package org.attentionzoo.datasets.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.attentionzoo.blocks.UserException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFolderTest {

  @TempDir Path folder;

  private void image(String name, int width, int height, int colour) throws IOException {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        image.setRGB(x, y, colour);
      }
    }
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    ImageIO.write(image, "png", file.toFile());
  }

  private static ImageFolder.Options options(boolean grey, boolean test) {
    return new ImageFolder.Options(4, grey, test, 0.3, 1);
  }

  @Test
  void holdsOutByTheSeed() throws IOException {
    for (int i = 0; i < 20; i++) {
      image("cat/" + i + ".png", 8, 6, 0xff0000);
      image("dog/" + i + ".PNG", 5, 9, 0x0000ff);
    }
    Files.writeString(folder.resolve("cat/notes.txt"), "no image");
    ImageFolder.Parts parts = ImageFolder.read(folder, options(false, false));
    ImageSet training = parts.training();
    assertThat(training.classes()).containsExactly("cat", "dog");
    assertThat(training.size() + parts.evaluated().size()).isEqualTo(40);
    assertThat(parts.evaluated().size()).isBetween(4, 20);
    assertThat(training.labels()[0]).isZero();
    assertThat(training.pixels()[0] & 0xff).isEqualTo(255);
    assertThat(training.pixels()[16]).isZero();
    assertThat(ImageFolder.read(folder, options(false, false)).evaluated().labels())
        .isEqualTo(parts.evaluated().labels());
    ImageSet grey = ImageFolder.read(folder, options(true, false)).training();
    assertThat(grey.channels()).isEqualTo(1);
    assertThat(grey.pixels()[0] & 0xff).isEqualTo(76);
  }

  @Test
  void takesFoldersForParts() throws IOException {
    image("train/a/1.png", 4, 4, 1);
    image("train/b/1.png", 4, 4, 1);
    image("val/b/2.png", 4, 4, 1);
    image("test/a/3.png", 4, 4, 1);
    image("test/a/4.png", 4, 4, 1);
    assertThat(ImageFolder.read(folder, options(false, false)).evaluated().labels())
        .containsExactly(1);
    assertThat(ImageFolder.read(folder, options(false, true)).evaluated().labels())
        .containsExactly(0, 0);
    image("val/c/2.png", 4, 4, 1);
    assertThatThrownBy(() -> ImageFolder.read(folder, options(false, false)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("a class that the training folder does not have");
  }

  @Test
  void refusesWhatIsNoImage() throws IOException {
    assertThatThrownBy(() -> ImageFolder.read(folder, options(false, false)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("0 folders");
    for (int i = 0; i < 9; i++) {
      image("a/" + i + ".png", 4, 4, 1);
      image("b/" + i + ".png", 4, 4, 1);
    }
    byte[] bytes = Files.readAllBytes(folder.resolve("a/0.png"));
    Files.write(folder.resolve("a/0.png"), java.util.Arrays.copyOf(bytes, bytes.length / 2));
    assertThatThrownBy(() -> ImageFolder.read(folder, options(false, false)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("0.png");
    Files.writeString(folder.resolve("a/0.png"), "text");
    assertThatThrownBy(() -> ImageFolder.read(folder, options(false, false)))
        .hasMessageContaining("no image that Java can read");
    assertThatThrownBy(() -> new ImageFolder.Options(0, false, false, 0.1, 1))
        .isInstanceOf(UserException.class);
  }
}
