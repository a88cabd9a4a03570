package org.attentionzoo.models.weights;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Mutants of small files, the same ones each time; what the fuzzers do at random and for longer.
 */
class HostileFilesTest {

  private static final int MUTANTS = 400;
  private static final long[] NUMBERS = {
    0, 1, -1, 127, 255, 65535, 1L << 20, Integer.MAX_VALUE, Integer.MIN_VALUE, Long.MAX_VALUE
  };

  @TempDir Path folder;

  @Test
  void safetensors() throws IOException {
    check("x.safetensors", SeedFiles.safetensors(), UnaryOperator.identity());
  }

  @Test
  void archives() {
    check("x.pt", SeedFiles.archives(), UnaryOperator.identity());
  }

  @Test
  void pickles() {
    check("x.pt", SeedFiles.pickles(), SeedFiles::archive);
  }

  @Test
  void legacy() {
    check("x.pt", SeedFiles.legacy(), UnaryOperator.identity());
  }

  @Test
  void indexes() throws IOException {
    Path index = folder.resolve("model.safetensors.index.json");
    java.nio.file.Files.write(folder.resolve("a"), SeedFiles.safetensors().get(1));
    String text = "{\"metadata\":{\"total_size\":2},\"weight_map\":{\"x.BOOL\":\"a\"}}";
    check(
        index.getFileName().toString(),
        List.of(text.getBytes(java.nio.charset.StandardCharsets.UTF_8)),
        UnaryOperator.identity());
  }

  @Test
  void noise() {
    ReaderProbe probe = new ReaderProbe(folder.resolve("x.bin"));
    Random random = new Random(3);
    for (int i = 0; i < MUTANTS; i++) {
      byte[] bytes = new byte[random.nextInt(300)];
      random.nextBytes(bytes);
      if (i % 4 == 0 && bytes.length > 1) {
        bytes[0] = (byte) 0x80;
        bytes[1] = 2;
      }
      probe.check(bytes);
    }
    assertThat(probe.refused()).isEqualTo(MUTANTS);
  }

  private void check(String name, List<byte[]> seeds, UnaryOperator<byte[]> wrapping) {
    ReaderProbe probe = new ReaderProbe(folder.resolve(name));
    for (byte[] seed : seeds) {
      probe.check(wrapping.apply(seed));
    }
    assertThat(probe.read()).as("whole files").isPositive();
    Random random = new Random(name.hashCode());
    for (int i = 0; i < MUTANTS; i++) {
      byte[] mutant = seeds.get(random.nextInt(seeds.size()));
      for (int change = 0; change <= random.nextInt(3); change++) {
        mutant = mutated(mutant, seeds.get(random.nextInt(seeds.size())), random);
      }
      probe.check(wrapping.apply(mutant));
    }
    assertThat(probe.refused()).as("refused mutants").isGreaterThan(MUTANTS / 5);
  }

  private static byte[] mutated(byte[] seed, byte[] other, Random random) {
    byte[] bytes = seed.clone();
    if (bytes.length == 0) {
      return other.clone();
    }
    int at = random.nextInt(bytes.length);
    int length = 1 + random.nextInt(Math.min(40, bytes.length - at));
    switch (random.nextInt(7)) {
      case 0 -> bytes[at] = (byte) random.nextInt();
      case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
      case 2 -> {
        return Arrays.copyOf(bytes, at);
      }
      case 3 -> {
        int width = 1 << random.nextInt(4);
        byte[] number =
            ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(NUMBERS[random.nextInt(NUMBERS.length)])
                .array();
        System.arraycopy(number, 0, bytes, at, Math.min(width, bytes.length - at));
      }
      case 4 -> {
        // Some bytes twice.
        byte[] longer = Arrays.copyOf(bytes, bytes.length + length);
        System.arraycopy(bytes, at, longer, at + length, bytes.length - at);
        return longer;
      }
      case 5 -> {
        byte[] shorter = Arrays.copyOf(bytes, bytes.length - length);
        System.arraycopy(bytes, at + length, shorter, at, shorter.length - at);
        return shorter;
      }
      default -> {
        int to = Math.min(other.length, at + length);
        if (at < to) {
          System.arraycopy(other, at, bytes, at, to - at);
        }
      }
    }
    return bytes;
  }
}
