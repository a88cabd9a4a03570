package org.attentionzoo.blocks.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.attentionzoo.blocks.UserException;
import org.junit.jupiter.api.Test;

class ProductLibraryTest {

  private static final String AMD = "vendor_id\t: AuthenticAMD";
  private static final String INTEL = "vendor_id\t: GenuineIntel";
  private static final String WIDE = "flags\t\t: fpu avx2 avx512f avx512dq";
  private static final String NARROW = "flags\t\t: fpu avx2 fma";

  @Test
  void oneDnnIsForProcessorsOfAmdWithWideVectors() {
    assertThat(ProductLibrary.isOneDnnFaster(null, List.of("processor\t: 0", AMD, WIDE))).isTrue();
    assertThat(ProductLibrary.isOneDnnFaster(null, List.of("processor\t: 0", AMD, NARROW)))
        .isFalse();
    assertThat(ProductLibrary.isOneDnnFaster(null, List.of(INTEL, WIDE))).isFalse();
    assertThat(ProductLibrary.isOneDnnFaster(null, List.of())).isFalse();
  }

  @Test
  void thePropertyDecides() {
    assertThat(ProductLibrary.isOneDnnFaster("onednn", List.of(INTEL, WIDE))).isTrue();
    assertThat(ProductLibrary.isOneDnnFaster("mkl", List.of(AMD, WIDE))).isFalse();
  }

  @Test
  void anotherLibraryIsRefused() {
    assertThatThrownBy(() -> ProductLibrary.isOneDnnFaster("blas", List.of()))
        .isInstanceOf(UserException.class)
        .hasMessage("the system property zoo.products is 'blas'; it can be mkl or onednn");
  }
}
