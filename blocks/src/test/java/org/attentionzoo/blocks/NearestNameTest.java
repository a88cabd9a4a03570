package org.attentionzoo.blocks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class NearestNameTest {

  private static final List<String> NAMES = List.of("text", "recall", "titans-mac-tiny", "length");

  @ParameterizedTest
  @CsvSource({
    "txt,text",
    "TEXT,text",
    "recal,recall",
    "titan-mac-tiny,titans-mac-tiny",
    "titans-mca-tiny,titans-mac-tiny",
    "titans,titans-mac-tiny",
    "lenght,length"
  })
  void suggestsWhatWasProbablyMeant(String given, String meant) {
    assertThat(NearestName.of(given, NAMES)).contains(meant);
  }

  @Test
  void suggestsNothingForWhatIsLikeNoName() {
    assertThat(NearestName.of("imagenet", NAMES)).isEmpty();
    assertThat(NearestName.suggestion("imagenet", NAMES)).isEmpty();
    assertThat(NearestName.of("x", List.of())).isEmpty();
  }

  @Test
  void suggestionIsTheEndOfASentence() {
    assertThat(NearestName.suggestion("txet", NAMES)).isEqualTo("; did you mean 'text'?");
  }
}
