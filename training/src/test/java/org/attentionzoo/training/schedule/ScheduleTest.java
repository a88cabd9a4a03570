package org.attentionzoo.training.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ScheduleTest {

  static Stream<Schedule> all() {
    return Stream.of(
        new Schedule.Constant(2, 4),
        new Schedule.Linear(2, 4, 14, 0.5),
        new Schedule.Cosine(2, 4, 14, 0.5));
  }

  @ParameterizedTest
  @MethodSource("all")
  void warmUpRisesLinearlyToThePeak(Schedule schedule) {
    assertThat(Stream.of(0L, 1L, 2L, 3L).map(schedule::learningRate))
        .containsExactly(0.5, 1.0, 1.5, 2.0);
    assertThat(schedule.learningRate(4)).isEqualTo(2);
  }

  @ParameterizedTest
  @MethodSource("all")
  void endsAtTheMinimumAndStaysThere(Schedule schedule) {
    double end = schedule instanceof Schedule.Constant ? 2 : 0.5;
    assertThat(schedule.learningRate(14)).isCloseTo(end, within(1e-12));
    assertThat(schedule.learningRate(1000)).isCloseTo(end, within(1e-12));
  }

  @ParameterizedTest
  @MethodSource("all")
  void isHalfWayAtHalfTime(Schedule schedule) {
    double half = schedule instanceof Schedule.Constant ? 2 : 1.25;
    assertThat(schedule.learningRate(9)).isCloseTo(half, within(1e-12));
  }

  @org.junit.jupiter.api.Test
  void cosineIsFlatterThanTheLineAtFirst() {
    double line = new Schedule.Linear(1, 0, 8, 0).learningRate(2);
    double cosine = new Schedule.Cosine(1, 0, 8, 0).learningRate(2);
    assertThat(line).isCloseTo(0.75, within(1e-12));
    assertThat(cosine).isCloseTo((1 + Math.sqrt(0.5)) / 2, within(1e-12));
  }

  @org.junit.jupiter.api.Test
  void aRunShorterThanItsWarmUpNeverDivergesFromTheRise() {
    Schedule schedule = new Schedule.Cosine(1, 10, 5, 0);
    assertThat(schedule.learningRate(4)).isEqualTo(0.5);
  }

  @org.junit.jupiter.api.Test
  void inverseSquareRootHalvesWhereTheStepsHaveQuadrupled() {
    Schedule schedule = new Schedule.InverseSquareRoot(2, 4, 0.1);
    assertThat(schedule.learningRate(0)).isEqualTo(0.5);
    assertThat(schedule.learningRate(3)).isEqualTo(2);
    assertThat(schedule.learningRate(15)).isCloseTo(1, within(1e-12));
    assertThat(schedule.learningRate(63)).isCloseTo(0.5, within(1e-12));
    assertThat(schedule.learningRate(100_000)).isEqualTo(0.1);
  }

  /** Figures worked out from the definition of PyTorch's OneCycleLR, 10 steps, 30% rising. */
  @org.junit.jupiter.api.Test
  void oneCycleHasPyTorchsShape() {
    Schedule schedule = new Schedule.OneCycle(1, 0, 10, 4e-6);
    assertThat(schedule.learningRate(0)).isCloseTo(0.04, within(1e-12));
    assertThat(schedule.learningRate(1)).isCloseTo(0.52, within(1e-12));
    assertThat(schedule.learningRate(2)).isCloseTo(1, within(1e-12));
    assertThat(schedule.learningRate(9)).isCloseTo(4e-6, within(1e-12));
    assertThat(schedule.learningRate(4))
        .isCloseTo((1 - 4e-6) * (1 + Math.cos(Math.PI * 2 / 7)) / 2 + 4e-6, within(1e-12));
    assertThat(new Schedule.OneCycle(1, 4, 10, 0).learningRate(4)).isEqualTo(1);
  }
}
