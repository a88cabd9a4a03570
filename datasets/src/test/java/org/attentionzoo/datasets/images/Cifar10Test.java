package org.attentionzoo.datasets.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.imageio.ImageIO;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.images.Cifar10.Part;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Cifar10Test {

  private static final int RECORD = 3073;

  @TempDir private Path folder;

  @Test
  void readsTheBinaryVersionFromAFolderAndFromItsArchive() throws IOException {
    byte[] first = records(3, 1);
    byte[] second = records(2, 2);
    byte[] test = records(4, 3);
    Path inner = Files.createDirectory(folder.resolve("cifar-10-batches-bin"));
    Files.write(inner.resolve("data_batch_1.bin"), first);
    Files.write(inner.resolve("data_batch_2.bin"), second);
    Files.write(inner.resolve("test_batch.bin"), test);
    Path archive = folder.resolve("cifar-10-binary.tar.gz");
    try (OutputStream out = Files.newOutputStream(archive);
        TarArchiveOutputStream tar = new TarArchiveOutputStream(new GZIPOutputStream(out))) {
      put(tar, "cifar-10-batches-bin/data_batch_1.bin", first);
      put(tar, "cifar-10-batches-bin/readme.html", new byte[] {'x'});
      put(tar, "cifar-10-batches-bin/data_batch_2.bin", second);
      put(tar, "cifar-10-batches-bin/test_batch.bin", test);
    }
    for (Path location : new Path[] {folder, inner, archive}) {
      ImageSet set = Cifar10.load(location.toString(), Part.TRAIN, 0);
      assertThat(set.size()).isEqualTo(5);
      assertThat(set.labels()[4]).isEqualTo(second[RECORD]);
      assertThat(set.pixels()[4 * 3072 + 17]).isEqualTo(second[RECORD + 1 + 17]);
      assertThat(set.sha256()).hasSize(64);
      assertThat(Cifar10.load(location.toString(), Part.TEST, 0).size()).isEqualTo(4);
      assertThat(Cifar10.load(location.toString(), Part.TRAIN, 2).size()).isEqualTo(2);
    }
  }

  @Test
  void readsJpegFilesClassByClassInTurns() throws IOException {
    Path zip = folder.resolve("images.zip");
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip))) {
      for (String name : new String[] {"bird/2", "bird/1", "truck/1", "cat/1"}) {
        int grey = name.equals("bird/1") ? 40 : 200;
        put(out, "train/" + name + ".jpg", jpeg(32, 32, grey));
      }
    }
    ImageSet set = Cifar10.load(zip.toString(), Part.TRAIN, 0);
    assertThat(set.labels()).containsExactly(2, 3, 9, 2);
    assertThat((double) (set.pixels()[0] & 0xff)).isCloseTo(40, within(3.0));
    assertThat((double) (set.pixels()[3072] & 0xff)).isCloseTo(200, within(3.0));
    assertThatThrownBy(() -> Cifar10.load(zip.toString(), Part.TEST, 0))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("test/airplane/");
  }

  @Test
  void refusesWhatIsDamaged() throws IOException {
    Path file = folder.resolve("test_batch.bin");
    byte[] records = records(2, 5);
    Files.write(file, java.util.Arrays.copyOf(records, records.length - 1));
    refuses(folder, "cut short");
    records[RECORD] = 10;
    Files.write(file, records);
    refuses(folder, "record 1 has class 10");
    Files.write(file, new byte[0]);
    refuses(folder, "0 bytes");
    refuses(Files.createDirectory(folder.resolve("empty")), "holds no CIFAR-10");
    refuses(folder.resolve("none"), "does not exist");
    refuses(Files.writeString(folder.resolve("a.zip"), "no zip"), "a.zip");
    refuses(Files.writeString(folder.resolve("a.tar.gz"), "no archive"), "a.tar.gz");
    refuses(Files.writeString(folder.resolve("a.txt"), "text"), "neither");
    Path zip = folder.resolve("large.zip");
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip))) {
      put(out, "test/cat/1.jpg", jpeg(33, 32, 9));
    }
    refuses(zip, "33 x 32");
    Path bomb = folder.resolve("bomb.zip");
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(bomb))) {
      put(out, "test/cat/1.jpg", new byte[1 << 22]);
    }
    refuses(bomb, "claims 4194304 bytes");
  }

  @Test
  void readsThePublishedImages() {
    String data = System.getenv("ZOO_DATA");
    assumeTrue(data != null, "ZOO_DATA is not set: the published images are not read");
    Path zip = Path.of(data, "cifar10", "cifar10-jpg.zip");
    assumeTrue(Files.exists(zip), zip + " is not there");
    ImageSet set = Cifar10.load(zip.toString(), Part.TEST, 500);
    assertThat(set.size()).isEqualTo(500);
    for (int c = 0; c < 10; c++) {
      int expected = c;
      assertThat(java.util.stream.IntStream.range(0, 500).filter(i -> set.labels()[i] == expected))
          .hasSize(50);
    }
    double mean = 0;
    for (byte pixel : set.pixels()) {
      mean += (pixel & 0xff) / 255.0 / set.pixels().length;
    }
    assertThat(mean).isCloseTo(0.473, within(0.02));
  }

  private static void refuses(Path location, String message) {
    assertThatThrownBy(() -> Cifar10.load(location.toString(), Part.TEST, 0))
        .isInstanceOf(UserException.class)
        .hasMessageContaining(message);
  }

  private static byte[] records(int count, long seed) {
    byte[] bytes = new byte[count * RECORD];
    new Random(seed).nextBytes(bytes);
    for (int i = 0; i < count; i++) {
      bytes[i * RECORD] = (byte) ((seed + i) % 10);
    }
    return bytes;
  }

  private static byte[] jpeg(int width, int height, int grey) throws IOException {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int x = 0; x < width; x++) {
      for (int y = 0; y < height; y++) {
        image.setRGB(x, y, grey << 16 | grey << 8 | grey);
      }
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ImageIO.write(image, "jpg", out);
    return out.toByteArray();
  }

  private static void put(TarArchiveOutputStream tar, String name, byte[] bytes)
      throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(name);
    entry.setSize(bytes.length);
    tar.putArchiveEntry(entry);
    tar.write(bytes);
    tar.closeArchiveEntry();
  }

  private static void put(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
    zip.putNextEntry(new ZipEntry(name));
    zip.write(bytes);
    zip.closeEntry();
  }
}
