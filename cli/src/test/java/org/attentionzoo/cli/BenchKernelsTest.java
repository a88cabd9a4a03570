package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BenchKernelsTest {

  /** Whoever misspells one of two names must not take the other's figures for both. */
  @Test
  void refusesANameThatIsUnknownBesideOneThatIsKnown() {
    Run run = Run.zoo("bench", "kernels", "simple_rms_norm", "rms_nrom", "--rounds=1");
    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
    assertThat(run.err().lines())
        .singleElement()
        .asString()
        .startsWith("zoo bench kernels: no kernel is called like 'rms_nrom'; there are ");
  }
}
