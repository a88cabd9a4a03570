package org.attentionzoo.blocks.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.function.UnaryOperator;
import org.attentionzoo.blocks.kernels.KernelComparison.Difference;
import org.attentionzoo.blocks.kernels.KernelComparison.Layout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every kernel of the catalogs against its plain version. */
class KernelSweepTest {

  /** Float64 must agree better; some tables, such as rotary angles, are float32 by design. */
  private static final double FLOAT64_TOLERANCE = 1e-6;

  static List<Arguments> kernels() {
    List<Arguments> arguments = new ArrayList<>();
    for (KernelCatalog catalog : ServiceLoader.load(KernelCatalog.class)) {
      for (KernelCheck check : catalog.kernels()) {
        arguments.add(Arguments.of(check.name(), check));
      }
    }
    return arguments;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("kernels")
  void equalsItsPlainVersion(String name, KernelCheck check) {
    assertThat(check.cases()).isNotEmpty();
    assertThat(check.reason()).isNotBlank();
    for (KernelCheck.Case inputs : check.cases()) {
      for (Layout layout : Layout.values()) {
        List<Difference> single =
            KernelComparison.compare(check, inputs, layout, DataType.FLOAT32, Device.cpu());
        assertThat(single)
            .as("%s, %s, %s", name, inputs.label(), layout)
            .allMatch(d -> d.ratio() <= check.tolerance());
        List<Difference> doubled =
            KernelComparison.compare(check, inputs, layout, DataType.FLOAT64, Device.cpu());
        assertThat(doubled)
            .as("%s, %s, %s in float64", name, inputs.label(), layout)
            .allMatch(d -> d.ratio() <= FLOAT64_TOLERANCE);
      }
    }
  }

  @Test
  void namesAreUnique() {
    assertThat(kernels()).extracting(a -> a.get()[0]).doesNotHaveDuplicates().isNotEmpty();
  }

  private static List<Difference> differences(
      UnaryOperator<NDList> fast, UnaryOperator<NDList> plain, Layout layout) {
    KernelCheck check =
        new KernelCheck(
            "toy",
            fast,
            plain,
            List.of(
                new KernelCheck.Case(
                    "toy",
                    m ->
                        new NDList(
                            m.randomNormal(new Shape(3, 4)),
                            m.randomNormal(new Shape(4)),
                            m.arange(4)))),
            1e-6,
            "toy");
    return KernelComparison.compare(
        check, check.cases().get(0), layout, DataType.FLOAT32, Device.cpu());
  }

  private static NDList product(NDList in) {
    return new NDList(in.get(0).mul(in.get(1)), in.get(2));
  }

  @ParameterizedTest
  @EnumSource(Layout.class)
  void comparisonFindsNothingBetweenEquals(Layout layout) {
    assertThat(differences(KernelSweepTest::product, KernelSweepTest::product, layout))
        .containsExactly(
            new Difference("output 0", 0),
            new Difference("output 1", 0),
            new Difference("gradient of input 0", 0),
            new Difference("gradient of input 1", 0),
            new Difference("gradient of input 2", 0));
  }

  @ParameterizedTest
  @EnumSource(Layout.class)
  void comparisonFindsAWrongGradientBehindRightOutputs(Layout layout) {
    UnaryOperator<NDList> detached =
        in -> new NDList(in.get(0).mul(in.get(1).stopGradient()), in.get(2));
    List<Difference> found = differences(detached, KernelSweepTest::product, layout);
    assertThat(found)
        .filteredOn(d -> d.ratio() > 0)
        .containsExactly(new Difference("gradient of input 1", 1));
  }

  @Test
  void comparisonFindsWhatIsWrongWithoutAGraphOnly() {
    int[] calls = {0};
    UnaryOperator<NDList> fast =
        in -> {
          NDList right = product(in);
          return ++calls[0] < 4 ? right : new NDList(right.get(0).mul(2), right.get(1));
        };
    assertThat(differences(fast, KernelSweepTest::product, Layout.CONTIGUOUS))
        .filteredOn(d -> d.ratio() > 0)
        .containsExactly(new Difference("output 0", 1));
  }

  @Test
  void comparisonGivesTheKernelInputsThatAreNotContiguous() {
    UnaryOperator<NDList> peek =
        in -> {
          // Only an array whose storage is in another order shares memory with its transpose.
          NDArray flat = in.get(0).transpose().reshape(-1);
          flat.muli(0);
          return product(in);
        };
    assertThatThrownBy(() -> differences(peek, KernelSweepTest::product, Layout.STRIDED))
        .hasMessageContaining("leaf Variable");
    assertThat(differences(peek, KernelSweepTest::product, Layout.CONTIGUOUS))
        .allMatch(d -> d.ratio() == 0);
  }

  @Test
  void comparisonRefusesShapesAndValuesThatAreNotFinite() {
    assertThat(
            differences(
                in -> new NDList(in.get(0).mul(in.get(1)).expandDims(0), in.get(2)),
                KernelSweepTest::product,
                Layout.CONTIGUOUS))
        .filteredOn(d -> d.what().equals("output 0"))
        .containsExactly(new Difference("output 0", Double.POSITIVE_INFINITY));
    UnaryOperator<NDList> nan = in -> new NDList(in.get(0).mul(Float.NaN), in.get(2));
    assertThat(differences(nan, nan, Layout.CONTIGUOUS).get(0).ratio()).isInfinite();
  }
}
