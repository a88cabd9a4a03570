package org.attentionzoo.datasets.audio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.attentionzoo.blocks.UserException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpokenWordsTest {

  @TempDir Path folder;

  private static byte[] wave(int rate, int bits, int channels, int... samples) {
    int width = bits / 8;
    ByteBuffer out =
        ByteBuffer.allocate(44 + samples.length * width).order(ByteOrder.LITTLE_ENDIAN);
    out.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(36 + samples.length * width);
    out.put("WAVEfmt ".getBytes(StandardCharsets.US_ASCII)).putInt(16).putShort((short) 1);
    out.putShort((short) channels).putInt(rate).putInt(rate * channels * width);
    out.putShort((short) (channels * width)).putShort((short) bits);
    out.put("data".getBytes(StandardCharsets.US_ASCII)).putInt(samples.length * width);
    for (int sample : samples) {
      switch (bits) {
        case 8 -> out.put((byte) sample);
        case 16 -> out.putShort((short) sample);
        case 24 -> out.put((byte) sample).put((byte) (sample >> 8)).put((byte) (sample >> 16));
        default -> out.putInt(sample);
      }
    }
    return out.array();
  }

  @Test
  void readsSamplesOfEveryWidth() {
    assertThat(Wave.parse(wave(8000, 8, 1, 128, 192, 0), "w").samples())
        .containsExactly(0f, 0.5f, -1f);
    Wave wave = Wave.parse(wave(8000, 16, 1, 0, 16384, -32768), "w");
    assertThat(wave.rate()).isEqualTo(8000);
    assertThat(wave.samples()).containsExactly(0f, 0.5f, -1f);
    assertThat(Wave.parse(wave(8000, 24, 1, 0, 4194304, -8388608), "w").samples())
        .containsExactly(0f, 0.5f, -1f);
    assertThat(Wave.parse(wave(8000, 32, 1, 0, 1 << 30, Integer.MIN_VALUE), "w").samples())
        .containsExactly(0f, 0.5f, -1f);
    assertThat(Wave.parse(wave(8000, 16, 2, 16384, 0, -16384, -16384), "w").samples())
        .containsExactly(0.25f, -0.5f);
  }

  @Test
  void refusesDamagedSounds() {
    byte[] good = wave(8000, 16, 1, 1, 2, 3);
    for (int length = 0; length < good.length; length++) {
      byte[] cut = Arrays.copyOf(good, length);
      assertThatThrownBy(() -> Wave.parse(cut, "cut")).isInstanceOf(UserException.class);
    }
    byte[] huge = good.clone();
    huge[43] = (byte) 0x7f;
    assertThatThrownBy(() -> Wave.parse(huge, "huge")).hasMessageContaining("is cut off");
    byte[] compressed = good.clone();
    compressed[20] = 85;
    assertThatThrownBy(() -> Wave.parse(compressed, "mp3")).hasMessageContaining("format 85");
  }

  @Test
  void theTransformIsFouriers() {
    int n = 16;
    double[] real = new double[n];
    double[] imaginary = new double[n];
    for (int i = 0; i < n; i++) {
      real[i] = Math.sin(i * i + 1);
    }
    double[] x = real.clone();
    Sounds.transform(real, imaginary);
    for (int k = 0; k < n; k++) {
      double re = 0;
      double im = 0;
      for (int i = 0; i < n; i++) {
        re += x[i] * Math.cos(-2 * Math.PI * k * i / n);
        im += x[i] * Math.sin(-2 * Math.PI * k * i / n);
      }
      assertThat(real[k]).isCloseTo(re, within(1e-12));
      assertThat(imaginary[k]).isCloseTo(im, within(1e-12));
    }
  }

  @Test
  void aToneStandsInItsBand() {
    int[] samples = new int[8000];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = (int) (20_000 * Math.sin(2 * Math.PI * 1000 * i / 8000));
    }
    float[] image = Sounds.spectrogram(Wave.parse(wave(8000, 16, 1, samples), "tone"), 16, 1);
    int loudest = 0;
    for (int band = 0; band < 16; band++) {
      loudest = image[band * 16 + 5] > image[loudest * 16 + 5] ? band : loudest;
    }
    // 1000 Hz are 1000 mel of 2146: band 17 * 0.466 - 1 = 6.9
    assertThat(loudest).isEqualTo(7);
  }

  @Test
  void silenceIsTheMiddleToken() {
    Wave wave = Wave.parse(wave(8000, 16, 1, 0, 32767, -32768, 0, 100), "w");
    assertThat(Sounds.tokens(wave, 10, 1)).startsWith(128, 255, 0, 128).hasSize(5);
    assertThat(Sounds.tokens(wave, 2, 2)).containsExactly(128, 0);
    assertThat(Sounds.tokens(new Wave(8000, new float[0]), 4, 1)).containsExactly(128);
  }

  private void put(String name) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.write(file, wave(8000, 16, 1, 1, 2, 3));
  }

  @Test
  void takesOfDigitsDecideTheirPart() throws IOException {
    for (int take : new int[] {0, 4, 5, 9, 10, 49}) {
      put("recordings/3_ann_" + take + ".wav");
      put("recordings/7_bob_" + take + ".wav");
    }
    SpokenWords words = SpokenWords.read(folder, false);
    assertThat(words.words()).containsExactly("3", "7");
    assertThat(words.training()).hasSize(4).allMatch(r -> r.name().matches(".*_(10|49).wav"));
    assertThat(words.evaluated()).hasSize(4).allMatch(r -> r.name().matches(".*_[59].wav"));
    assertThat(SpokenWords.read(folder, true).evaluated())
        .allMatch(r -> r.name().matches(".*_[04].wav"));
    put("recordings/seven.wav");
    assertThatThrownBy(() -> SpokenWords.read(folder, false))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("seven.wav");
  }

  @Test
  void listsOfCommandsDecideTheirPart() throws IOException {
    for (String word : new String[] {"yes", "no", "_background_noise_"}) {
      put(word + "/a.wav");
      put(word + "/b.wav");
      put(word + "/c.wav");
    }
    Files.writeString(folder.resolve("validation_list.txt"), "yes/b.wav\n");
    Files.writeString(folder.resolve("testing_list.txt"), "no/c.wav\nyes/c.wav\n");
    SpokenWords words = SpokenWords.read(folder, false);
    assertThat(words.words()).containsExactly("no", "yes");
    assertThat(words.training()).hasSize(3);
    assertThat(words.evaluated()).hasSize(1);
    assertThat(SpokenWords.read(folder, true).evaluated()).hasSize(2);
  }

  @Test
  void readsThePublishedDigits() {
    String data = System.getenv("ZOO_DATA");
    assumeTrue(data != null, "ZOO_DATA is not set: the spoken digits are not read");
    SpokenWords words = SpokenWords.read(Path.of(data, "fsdd", "fsdd.zip"), true);
    assertThat(words.words()).hasSize(10);
    assertThat(words.evaluated()).hasSize(300);
    assertThat(words.training()).hasSize(2400).allMatch(r -> r.wave().rate() == 8000);
  }
}
