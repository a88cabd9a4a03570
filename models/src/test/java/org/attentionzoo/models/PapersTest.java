package org.attentionzoo.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.IdentityMixer;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.UserException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PapersTest {

  record Sizes(int width) {}

  private static PaperProvider paper(String id, String... models) {
    return new PaperProvider() {
      @Override
      public String id() {
        return id;
      }

      @Override
      public List<ModelEntry<?>> models() {
        List<ModelEntry<?>> entries = new ArrayList<>();
        for (String name : models) {
          Map<String, Sizes> presets = new LinkedHashMap<>();
          presets.put("tiny", new Sizes(8));
          presets.put("small", new Sizes(16));
          entries.add(
              new ModelEntry<>(
                  name,
                  id,
                  ModelKind.REGRESSOR,
                  "a model",
                  Sizes.class,
                  presets,
                  sizes -> new IdentityMixer()));
        }
        return entries;
      }
    };
  }

  @Test
  void findsThingsByName() {
    Papers papers = new Papers(List.of(paper("b", "b-net"), paper("a")));
    assertThat(papers.all()).extracting(PaperProvider::id).containsExactly("a", "b");
    assertThat(papers.preset("b-net-small").config()).isEqualTo(new Sizes(16));
    assertThat(papers.preset("b-net").name()).isEqualTo("b-net-tiny");
    assertThat(papers.preset("b-net-tiny").build()).isInstanceOf(IdentityMixer.class);
  }

  @Test
  void suggestsTheNearestName() {
    Papers papers = new Papers(List.of(paper("titans", "titans-mac")));
    assertThatThrownBy(() -> papers.preset("titans-mca-tiny"))
        .isInstanceOf(UserException.class)
        .hasMessage("unknown model 'titans-mca-tiny'; did you mean 'titans-mac-tiny'?");
    assertThatThrownBy(() -> papers.paper("llama"))
        .isInstanceOf(UserException.class)
        .hasMessage("unknown paper 'llama'; 'zoo list' shows what there is");
  }

  @Test
  void saysWhereMixersAreListed() {
    assertThatThrownBy(() -> Papers.load().mixer("nosuch"))
        .isInstanceOf(UserException.class)
        .hasMessage("unknown mixer 'nosuch'; 'zoo compare --list' shows what there is");
    assertThatThrownBy(() -> Papers.load().patternMixer("nosuch"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("'zoo compare --list'")
        .hasMessageContaining("cab-attention");
  }

  @Test
  void refusesTwoOfOneName() {
    assertThatThrownBy(() -> new Papers(List.of(paper("a"), paper("a"))))
        .hasMessage("two papers are called 'a'");
    assertThatThrownBy(() -> new Papers(List.of(paper("a", "net"), paper("b", "net"))))
        .hasMessage("two models are called 'net'");
    assertThatThrownBy(() -> new Papers(List.of(paper("a", "n"), paper("b", "n-tiny", "n-tiny"))))
        .hasMessageStartingWith("two models");
  }

  static List<String> papers() {
    return Papers.load().all().stream().map(PaperProvider::id).toList();
  }

  @ParameterizedTest
  @MethodSource("papers")
  void everyPaperHasACardThatTellsItsModels(String id) {
    PaperCard card = PaperCard.of(id);
    assertThat(card.id()).isEqualTo(id);
    PaperProvider paper = Papers.load().paper(id);
    Map<String, Map<String, Long>> counted = new LinkedHashMap<>();
    for (Papers.Preset<?> preset : Papers.load().presets()) {
      if (preset.model().paper().equals(id)) {
        counted
            .computeIfAbsent(preset.model().name(), k -> new LinkedHashMap<>())
            .put(preset.preset(), StateDict.countTrainable(preset.build()));
      }
    }
    Map<String, Map<String, Long>> told = new LinkedHashMap<>();
    card.models().forEach(m -> told.put(m.name(), m.parameters()));
    assertThat(told).as("parameter counts on the card of " + id).isEqualTo(counted);
    assertThat(paper.specimens()).allMatch(s -> s.paper().equals(id));
    assertThat(paper.models()).allMatch(m -> m.paper().equals(id));
    assertThat(paper.goldenTargets()).allMatch(t -> t.name().startsWith(id + "/"));
  }

  /** What {@code zoo list} does; run in a process of its own by the test below. */
  static final class Listing {
    private Listing() {}

    public static void main(String[] args) {
      Papers papers = Papers.load();
      papers.all().forEach(p -> PaperCard.of(p.id()));
      papers.presets().forEach(p -> Configs.toMap(p.config()));
    }
  }

  @Test
  void listingLoadsNoEngine() throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xlog:class+load:stdout",
                "-cp",
                System.getProperty("java.class.path"),
                Listing.class.getName())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output.lines().limit(5).toList().toString()).isZero();
    assertThat(output.contains(" " + PaperCard.class.getName() + " ")).isTrue();
    assertThat(
            output
                .lines()
                .filter(
                    line ->
                        line.contains(" ai.djl.engine.Engine ")
                            || line.contains(" ai.djl.pytorch.jni.")))
        .isEmpty();
  }
}
