package org.attentionzoo.blocks.positions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Angles far along: the frequency is rounded to float32 before it is multiplied, as in the official
 * codes. The powers of this base and width are whole, so that they are the same everywhere.
 */
class RotaryTest {

  private static final int FIRST = 3990;
  private static final int COUNT = 200;

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anglesAreRoundedAsInTheOfficialCodes(boolean kernel) {
    Rotary rotary = new Rotary(Rotary.Layout.HALF, 10000);
    try (NDManager manager = NDManager.newBaseManager()) {
      // The first of each pair is one, the other nothing: cosines, then sines.
      NDArray ones = manager.ones(new Shape(1, 1, COUNT, 4));
      NDArray x = ones.concat(ones.zerosLike(), -1);
      NDArray positions = manager.arange(FIRST, FIRST + COUNT, 1, DataType.INT64);
      NDArray rotated = kernel ? rotary.fast(x, positions) : rotary.plain(x, positions);
      float[] values = rotated.toFloatArray();
      for (int i = 0; i < COUNT; i++) {
        for (int pair = 0; pair < 4; pair++) {
          float frequency = 1 / (float) Math.pow(10, pair);
          float angle = (FIRST + i) * frequency;
          assertThat((double) values[8 * i + pair]).isCloseTo(Math.cos(angle), within(1e-6));
          assertThat((double) values[8 * i + 4 + pair]).isCloseTo(Math.sin(angle), within(1e-6));
        }
      }
    }
  }
}
