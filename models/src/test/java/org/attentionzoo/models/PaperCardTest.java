package org.attentionzoo.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.attentionzoo.blocks.UserException;
import org.junit.jupiter.api.Test;

class PaperCardTest {

  private static final String CARD =
      """
      id: some-net
      title: "Some Net: a title"
      date: 2019-10-07
      arxiv: "1910.03150"
      family: channel-attention
      reference: nobody/SomeNet
      blocks: [SomeBlock]
      models:
        - name: some-net
          parameters: {tiny: 12, base: 3000000000}
      parity: {reached: yes, command: zoo verify x, figure: worst ratio 3e-7}
      invariants: {reached: no, figure: none yet}
      weights: {reached: no}
      learning: {reached: no}
      claim: {reached: no}
      claimTested: nowhere yet
      gpu: not run
      """;

  @Test
  void reads() {
    PaperCard card = PaperCard.read(CARD, "card");
    assertThat(card.date()).isEqualTo("2019-10-07");
    assertThat(card.arxiv()).isEqualTo("1910.03150");
    assertThat(card.models().get(0).parameters()).containsEntry("base", 3_000_000_000L);
    assertThat(card.steps().get("parity").figure()).contains("worst ratio 3e-7");
    assertThat(card.notes()).isEmpty();
    assertThat(card.noGoldenCase()).isEmpty();
    assertThat(card.complexity()).isEmpty();
  }

  @Test
  void readsComplexity() {
    String line = "complexity: {exponent: 1.5, statement: O(L sqrt L)}\n";
    assertThat(PaperCard.read(CARD + line, "card").complexity())
        .contains(new PaperCard.Complexity(1.5, "O(L sqrt L)"));
  }

  @Test
  void refusesAnUnknownKey() {
    assertThatThrownBy(() -> PaperCard.read(CARD + "familly: x\n", "papers/some-net.yaml"))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith(
            "papers/some-net.yaml: unknown key 'familly'; did you mean 'family'?");
  }

  @Test
  void refusesAMissingKey() {
    assertThatThrownBy(() -> PaperCard.read(CARD.replace("title:", "notes:\n#"), "card"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("'title' is missing");
  }

  @Test
  void refusesAClaimWithoutEvidence() {
    assertThatThrownBy(
            () ->
                PaperCard.read(
                    CARD.replace("weights: {reached: no}", "weights: {reached: yes}"), "card"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("weights: a step that was reached names the command");
  }

  @Test
  void saysWhenThereIsNone() {
    assertThatThrownBy(() -> PaperCard.of("no-such-paper"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("papers/no-such-paper.yaml");
  }
}
