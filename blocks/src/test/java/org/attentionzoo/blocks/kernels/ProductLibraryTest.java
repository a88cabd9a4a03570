package org.attentionzoo.blocks.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.attentionzoo.blocks.UserException;
import org.junit.jupiter.api.Test;

class ProductLibraryTest {

  private static final String AMD = "AuthenticAMD";
  private static final String INTEL = "GenuineIntel";
  private static final String WIDE = "fpu avx2 avx512f avx512dq";
  private static final String NARROW = "fpu avx2 fma";

  @Test
  void oneDnnIsForProcessorsOfAmdWithWideVectors() {
    assertThat(ProductLibrary.isOneDnnFaster(null, AMD, WIDE)).isTrue();
    assertThat(ProductLibrary.isOneDnnFaster(null, AMD, NARROW)).isFalse();
    assertThat(ProductLibrary.isOneDnnFaster(null, INTEL, WIDE)).isFalse();
    assertThat(ProductLibrary.isOneDnnFaster(null, "", "")).isFalse();
  }

  @Test
  void thePropertyDecides() {
    assertThat(ProductLibrary.isOneDnnFaster("onednn", INTEL, WIDE)).isTrue();
    assertThat(ProductLibrary.isOneDnnFaster("mkl", AMD, WIDE)).isFalse();
  }

  @Test
  void anotherLibraryIsRefused() {
    assertThatThrownBy(() -> ProductLibrary.isOneDnnFaster("blas", "", ""))
        .isInstanceOf(UserException.class)
        .hasMessage("the system property zoo.products is 'blas'; it can be mkl or onednn");
  }
}
