package org.attentionzoo.eval.claims;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.attentionzoo.eval.claims.Claim.Arm;
import org.attentionzoo.eval.claims.Claim.Role;
import org.attentionzoo.models.Papers;
import org.attentionzoo.training.run.Recipes;
import org.attentionzoo.training.run.RunConfig;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ClaimsTest {

  private static final Papers PAPERS = Papers.load();

  static Stream<String> names() {
    return Claims.all(PAPERS).keySet().stream();
  }

  @ParameterizedTest
  @MethodSource("names")
  void namesRecipesThatExistOfEqualBudgets(String name) {
    Claim claim = Claims.all(PAPERS).get(name);
    List<RunConfig> configs = new ArrayList<>();
    for (Arm arm : claim.arms()) {
      arm.recipe()
          .ifPresent(
              recipe -> {
                configs.add(Recipes.resolve(PAPERS, recipe, arm.set()));
                List<String> quick = new ArrayList<>(arm.set());
                quick.addAll(claim.quick());
                Recipes.resolve(PAPERS, recipe, quick);
              });
    }
    if (claim.unequal().isEmpty()) {
      assertThat(configs.stream().map(RunConfig::steps).distinct()).hasSizeLessThan(2);
    }
    assertThat(claim.minutes()).isPositive();
  }

  @ParameterizedTest
  @MethodSource("names")
  void hasSomethingThatWouldFail(String name) {
    assertThat(Claims.all(PAPERS).get(name).arms()).anyMatch(arm -> arm.role() == Role.CONTROL);
  }
}
