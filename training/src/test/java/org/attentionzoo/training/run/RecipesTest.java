package org.attentionzoo.training.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.Papers;
import org.attentionzoo.training.optimize.OptimizerConfig;
import org.attentionzoo.training.tasks.Tasks;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecipesTest {

  private static final Papers PAPERS = TinyZoo.papers();

  @Test
  void aModelWithoutARecipeHasTheDefaults() {
    assertThat(Recipes.resolve(PAPERS, "bigram-tiny", List.of()))
        .isEqualTo(RunConfig.of("bigram-tiny"));
    assertThat(Recipes.resolve(PAPERS, "bigram", List.of()).model()).isEqualTo("bigram-tiny");
  }

  @Test
  void aRecipeIsFoundByPaperAndName() {
    RunConfig config = Recipes.resolve(PAPERS, "tiny-paper/fast", List.of());
    assertThat(config.steps()).isEqualTo(7);
    assertThat(config.optimizer().lr()).isEqualTo(0.01);
    assertThat(config.optimizer().beta1()).isEqualTo(0.9);
    assertThat(config.modelOverrides()).isEqualTo(Map.of("width", 16));
    assertThat(Recipes.names(PAPERS)).containsExactly("tiny-paper/fast");
  }

  @Test
  void everyKeyCanBeOverridden() {
    RunConfig config =
        Recipes.resolve(
            PAPERS,
            "tiny-paper/fast",
            List.of(
                "steps=1e3",
                "optimizer.lr=3e-4",
                "schedule.name=linear",
                "model.vocabulary=300",
                "model.dropout=0.5",
                "task.length=9",
                "data=text:else",
                "optimizer.groups=[{parameters: 'head.*', learningRateFactor: 0.1}]",
                "seed=-4"));
    assertThat(config.steps()).isEqualTo(1000);
    assertThat(config.optimizer().lr()).isEqualTo(3e-4);
    assertThat(config.schedule().name()).isEqualTo("linear");
    assertThat(config.modelOverrides())
        .isEqualTo(Map.of("width", 16, "vocabulary", 300, "dropout", 0.5));
    assertThat(config.task()).isEqualTo(Map.of("batch", 2, "length", 9));
    assertThat(config.data()).isEqualTo("text:else");
    assertThat(config.optimizer().groups())
        .containsExactly(new OptimizerConfig.Group("head.*", 0.1, Optional.empty()));
    assertThat(config.seed()).isEqualTo(-4);
  }

  @Test
  void aModelIsAlsoReplacedAsAWhole() {
    assertThat(Recipes.resolve(PAPERS, "bigram-tiny", List.of("model=other")).model())
        .isEqualTo("other");
  }

  @Test
  void everyRecipeOfTheZooNamesEveryChoiceAndFitsItsModel() throws IOException {
    Papers zoo = Papers.load();
    for (String name : Recipes.names(zoo)) {
      String resource = "recipes/" + name + ".yaml";
      try (InputStream in = RecipesTest.class.getClassLoader().getResourceAsStream(resource)) {
        String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        RunConfig config = Configs.fromMap(RunConfig.class, Configs.parse(text, resource));
        Configs.fromMap(zoo.preset(config.model()).config(), config.modelOverrides());
        if (!config.data().isEmpty()) {
          Configs.fromMap(Tasks.parse(config.data()).provider().defaults(), config.task());
        }
      }
    }
  }

  @Test
  void theDocumentedRecipeHoldsTheDefaults() throws IOException {
    Path page = Path.of(System.getProperty("zoo.root"), "docs", "training.md");
    String text = Files.readString(page);
    int start = text.indexOf("```yaml\n") + "```yaml\n".length();
    String yaml = text.substring(start, text.indexOf("```", start));
    assertThat(Configs.fromMap(RunConfig.class, Configs.parse(yaml, page.toString())))
        .isEqualTo(RunConfig.of("bigram-tiny"));
  }

  @Test
  void aFileIsARecipe(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("mine.yaml");
    RunConfig config = Recipes.resolve(PAPERS, "tiny-paper/fast", List.of("steps=3"));
    Files.writeString(file, Configs.toYaml(config));
    assertThat(Recipes.resolve(PAPERS, file.toString(), List.of())).isEqualTo(config);
  }

  @Test
  void whatIsWrongIsSaid(@TempDir Path folder) throws IOException {
    assertThatThrownBy(() -> Recipes.resolve(PAPERS, "tiny-paper/fats", List.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("tiny-paper/fast");
    assertThatThrownBy(() -> Recipes.resolve(PAPERS, "nowhere/x.yaml", List.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("nowhere/x.yaml");
    Path file = folder.resolve("mine.yaml");
    Files.writeString(file, "stepz: 4\nmodel: bigram-tiny\n");
    assertThatThrownBy(() -> Recipes.resolve(PAPERS, file.toString(), List.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("mine.yaml")
        .hasMessageContaining("steps");
    Files.writeString(file, "steps: 4\n");
    assertThatThrownBy(() -> Recipes.resolve(PAPERS, file.toString(), List.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("model: <preset>");
    Files.writeString(file, "model: [\n");
    assertThatThrownBy(() -> Recipes.resolve(PAPERS, file.toString(), List.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("mine.yaml");
  }
}
