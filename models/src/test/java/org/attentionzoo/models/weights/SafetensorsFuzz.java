package org.attentionzoo.models.weights;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.provider.MethodSource;

/** Run by {@code mvn -Pfuzz}. */
class SafetensorsFuzz {

  private static final FuzzRun RUN = FuzzRun.of("SafetensorsFuzz", ".safetensors");

  static Stream<byte[]> seeds() throws IOException {
    return SeedFiles.safetensors().stream();
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "60s")
  void readsOrRefuses(byte[] file) {
    RUN.check(file);
  }

  @AfterAll
  static void report() {
    RUN.report();
  }
}
