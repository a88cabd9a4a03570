package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Locale;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.PaperCard;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.Papers.Preset;
import org.junit.jupiter.api.Test;

class ListAndShowTest {

  @Test
  void listsAllPapersAndModels() {
    Run run = Run.zoo("list");
    assertThat(run.exit()).isZero();
    assertThat(run.err()).isEmpty();
    Papers papers = Papers.load();
    assertThat(run.out()).contains(papers.all().stream().map(PaperProvider::id).toList());
    for (Preset<?> preset : papers.presets()) {
      assertThat(run.out()).contains(preset.name());
    }
  }

  @Test
  void filtersByPattern() {
    Run titans = Run.zoo("list", "TITANS-*-tiny");
    assertThat(titans.exit()).isZero();
    assertThat(titans.out()).contains("titans-mac-tiny").doesNotContain("base", "eca-net");
    assertThat(Run.zoo("list", "channel").out()).contains("eca-net").doesNotContain("titans");
  }

  @Test
  void printsJson() throws IOException {
    JsonNode json = new ObjectMapper().readTree(Run.zoo("list", "--json").out());
    assertThat(json.get("papers").findValuesAsText("id")).contains("titans", "eca-net");
    for (JsonNode paper : json.get("papers")) {
      PaperCard card = PaperCard.of(paper.get("id").asText());
      assertThat(paper.get("reference").asText()).isEqualTo(card.reference());
      card.steps()
          .forEach(
              (name, step) ->
                  assertThat(paper.get("steps").get(name).asText())
                      .isEqualToIgnoringCase(step.reached().name()));
    }
    JsonNode model = json.get("models").get(0);
    assertThat(model.get("name").asText()).startsWith(model.get("model").asText());
    assertThat(model.get("config").isObject()).isTrue();
    assertThat(json.get("models"))
        .allSatisfy(m -> assertThat(m.get("parameters").isTextual()).isFalse())
        .filteredOn(m -> m.get("name").asText().equals("titans-mac-tiny"))
        .singleElement()
        .satisfies(
            m ->
                assertThat(m.get("parameters").longValue())
                    .isEqualTo(TestModels.parameters("titans-mac-tiny")));
  }

  @Test
  void showsEverythingThatIsListed() {
    Papers papers = Papers.load();
    for (PaperProvider paper : papers.all()) {
      Run run = Run.zoo("show", paper.id());
      assertThat(run.exit()).as(run.err()).isZero();
      assertThat(run.out()).contains("How far it got", "parity", "Claim");
    }
    for (ModelEntry<?> model : papers.models()) {
      String out = Run.zoo("show", model.name()).out();
      assertThat(papers.presets())
          .filteredOn(preset -> preset.model() == model)
          .isNotEmpty()
          .allSatisfy(preset -> assertThat(out).contains(preset.name()));
    }
    for (Preset<?> preset : papers.presets()) {
      Run run = Run.zoo("show", preset.name());
      assertThat(run.exit()).isZero();
      assertThat(run.out()).contains(preset.model().kind().label(), "Config");
    }
  }

  @Test
  void showsTheCountOnTheCard() {
    String out = Run.zoo("show", "titans-mac-tiny").out();
    long count = TestModels.parameters("titans-mac-tiny");
    assertThat(out).contains(String.format(Locale.ROOT, "%,d", count));
  }
}
