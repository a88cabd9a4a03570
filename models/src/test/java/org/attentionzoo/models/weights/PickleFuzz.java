package org.attentionzoo.models.weights;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.provider.MethodSource;

/** Pickles inside of whole archives, whose checksums would stop nearly all mutants. */
class PickleFuzz {

  private static final FuzzRun RUN = FuzzRun.of("PickleFuzz", ".pt");

  static Stream<byte[]> seeds() {
    return SeedFiles.pickles().stream();
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "60s")
  void readsOrRefuses(byte[] pickle) {
    RUN.check(SeedFiles.archive(pickle));
  }

  @AfterAll
  static void report() {
    RUN.report();
  }
}
