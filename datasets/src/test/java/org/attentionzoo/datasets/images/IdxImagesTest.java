package org.attentionzoo.datasets.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.attentionzoo.blocks.UserException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdxImagesTest {

  @TempDir Path folder;

  private static byte[] images(int magic, int count, int height, int width, int bytes)
      throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    DataOutputStream data = new DataOutputStream(out);
    for (int number : new int[] {magic, count, height, width}) {
      data.writeInt(number);
    }
    for (int i = 0; i < bytes; i++) {
      data.writeByte(200 + i);
    }
    return out.toByteArray();
  }

  private static byte[] labels(int count, int... values) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    DataOutputStream data = new DataOutputStream(out);
    data.writeInt(0x801);
    data.writeInt(count);
    for (int value : values) {
      data.writeByte(value);
    }
    return out.toByteArray();
  }

  private void write(byte[] images, byte[] labels) throws IOException {
    Files.write(folder.resolve("train-images-idx3-ubyte"), images);
    try (OutputStream out =
        new GZIPOutputStream(Files.newOutputStream(folder.resolve("train-labels-idx1-ubyte.gz")))) {
      out.write(labels);
    }
  }

  private ImageSet read() {
    return IdxImages.read(folder, false, IdxImages.DIGITS);
  }

  @Test
  void readsPlainAndCompressedFiles() throws IOException {
    write(images(0x803, 2, 2, 3, 12), labels(2, 7, 0));
    ImageSet set = read();
    assertThat(set.size()).isEqualTo(2);
    assertThat(set.channels()).isEqualTo(1);
    assertThat(set.height()).isEqualTo(2);
    assertThat(set.width()).isEqualTo(3);
    assertThat(set.labels()).containsExactly(7, 0);
    assertThat(set.pixels()[11] & 0xff).isEqualTo(211);
  }

  @Test
  void refusesDamagedFiles() throws IOException {
    byte[] good = images(0x803, 2, 2, 3, 12);
    byte[] two = labels(2, 7, 0);
    write(images(0x802, 2, 2, 3, 12), two);
    assertThatThrownBy(this::read).hasMessageContaining("begins with 0x00000802");
    write(images(0x803, 2, 2, 3, 11), two);
    assertThatThrownBy(this::read).hasMessageContaining("is cut off: 11 bytes of the 12");
    write(images(0x803, 2, 2, 3, 13), two);
    assertThatThrownBy(this::read).hasMessageContaining("goes on after");
    write(images(0x803, Integer.MAX_VALUE, 1024, 1024, 1), two);
    assertThatThrownBy(this::read).hasMessageContaining("which is not read");
    write(images(0x803, -2, 2, 3, 12), two);
    assertThatThrownBy(this::read).isInstanceOf(UserException.class);
    write(good, labels(3, 7, 0, 1));
    assertThatThrownBy(this::read).hasMessageContaining("3 labels for 2 images");
    write(good, labels(2, 7, 10));
    assertThatThrownBy(this::read).hasMessageContaining("the label 10");
    write(Arrays.copyOf(good, 9), two);
    assertThatThrownBy(this::read).hasMessageContaining("ends too early");
    write(good, two);
    Path labels = folder.resolve("train-labels-idx1-ubyte.gz");
    byte[] packed = Files.readAllBytes(labels);
    Files.write(labels, Arrays.copyOf(packed, packed.length - 9));
    assertThatThrownBy(this::read).isInstanceOf(UserException.class);
    Files.delete(labels);
    assertThatThrownBy(this::read).hasMessageContaining("no file train-labels-idx1-ubyte");
  }

  @Test
  void readsThePublishedTestPart() {
    String data = System.getenv("ZOO_DATA");
    assumeTrue(data != null, "ZOO_DATA is not set: MNIST is not read");
    ImageSet set = IdxImages.read(Path.of(data, "mnist"), true, IdxImages.DIGITS);
    assertThat(set.size()).isEqualTo(10_000);
    int[] counts = new int[10];
    for (byte label : set.labels()) {
      counts[label]++;
    }
    assertThat(counts).containsExactly(980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009);
    assertThat(ImageFolder.statistics(set).get(0).get(0)).isBetween(0.13, 0.14);
  }
}
