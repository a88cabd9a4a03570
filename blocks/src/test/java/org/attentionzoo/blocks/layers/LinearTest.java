package org.attentionzoo.blocks.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import org.attentionzoo.blocks.Pass;
import org.junit.jupiter.api.Test;

class LinearTest {

  @Test
  void aLargeProductIsThatOfThePlainPathWhicheverLibraryComputesIt() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Linear linear = new Linear(256, 384);
      linear.initialize(manager, DataType.FLOAT32);
      NDArray x = manager.randomNormal(new Shape(4, 64, 256));
      Pass pass = Pass.inference(new ParameterStore(manager, false));
      NDArray product = linear.forward(pass, x);
      assertThat(Linear.isLarge(4 * 64, 256 * 384)).isTrue();
      assertThat(product.getShape()).isEqualTo(new Shape(4, 64, 384));
      double off = product.sub(linear.forward(pass.onPlainPath(), x)).abs().max().getFloat();
      assertThat(off).isCloseTo(0, within(1e-5));
    }
  }

  @Test
  void anotherLibraryIsAskedForLargeProductsOfRegularSizes() {
    assertThat(Linear.isLarge(4096, 512 * 512)).isTrue();
    assertThat(Linear.isLarge(4097, 512 * 512)).as("too large to mind").isTrue();
    assertThat(Linear.isLarge(1024, 128 * 128)).isTrue();
    assertThat(Linear.isLarge(1025, 128 * 128)).as("a text of some length").isFalse();
    assertThat(Linear.isLarge(512, 64 * 64)).as("small").isFalse();
    assertThat(Linear.isLarge(1, 4096 * 32768)).as("one token").isFalse();
  }
}
