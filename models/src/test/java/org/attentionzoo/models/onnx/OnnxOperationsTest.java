package org.attentionzoo.models.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.nn.pooling.Pool;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each recorded operation, in a graph of its own, against libtorch at sizes that were not recorded.
 * Inputs: x (batch, length, 6) with values of both signs, and ids (batch, length) from 0 to 8.
 */
class OnnxOperationsTest {

  private static final int WIDTH = 6;
  private static final int IDS = 9;

  /** Nothing that belongs to a model. */
  private static final class Nothing extends ZooBlock {
    @Override
    public NDList forward(Pass pass, NDList inputs) {
      return inputs;
    }
  }

  @TempDir Path folder;

  private static Map<String, UnaryOperator<NDList>> cases() {
    Map<String, UnaryOperator<NDList>> cases = new LinkedHashMap<>();
    elements(cases);
    reductions(cases);
    shapes(cases);
    made(cases);
    networks(cases);
    return cases;
  }

  private static void put(
      Map<String, UnaryOperator<NDList>> cases, String name, UnaryOperator<NDArray> operation) {
    cases.put(name, in -> new NDList(operation.apply(in.get(0))));
  }

  private static void ids(
      Map<String, UnaryOperator<NDList>> cases, String name, UnaryOperator<NDArray> operation) {
    cases.put(name, in -> new NDList(operation.apply(in.get(1))));
  }

  private static void elements(Map<String, UnaryOperator<NDList>> cases) {
    put(cases, "neg, abs, sign", x -> x.neg().add(x.abs()).mul(x.sign()));
    put(cases, "exp, log, sqrt", x -> x.abs().add(1).log().exp().sqrt());
    put(cases, "log2, log10", x -> x.abs().add(1).log2().add(x.abs().add(2).log10()));
    put(cases, "sin, cos, tan", x -> x.sin().add(x.cos()).mul(x.add(2).tan().tanh()));
    put(cases, "asin, acos, atan", x -> x.tanh().asin().add(x.tanh().acos()).add(x.atan()));
    put(cases, "sinh, cosh", x -> x.sinh().add(x.cosh()));
    put(cases, "floor, ceil, trunc", x -> x.floor().add(x.ceil().mul(3)).add(x.trunc().mul(7)));
    put(cases, "round of halves", x -> x.mul(4).round().div(2).round());
    put(cases, "square, pow", x -> x.square().add(x.abs().pow(1.5)));
    put(cases, "division of whole numbers", x -> x.mul(3).toType(DataType.INT64, false).div(2));
    put(cases, "remainder of both signs", x -> x.mod(0.7));
    put(cases, "remainder by a negative", x -> x.mod(-0.7));
    put(
        cases,
        "remainder of whole numbers",
        x -> x.mul(5).toType(DataType.INT64, false).mod(-3).toType(DataType.FLOAT32, false));
    put(cases, "casts cut off", x -> x.mul(3).toType(DataType.INT32, false));
    put(cases, "numbers become truth", x -> x.floor().toType(DataType.BOOLEAN, false));
    put(cases, "clip", x -> x.clip(-0.5, 0.25));
    put(cases, "bounds", x -> Arithmetic.atMost(Arithmetic.atLeast(x, -0.3), 0.4));
    put(cases, "maximum, minimum", x -> x.maximum(x.neg()).minimum(x.add(0.1)));
    put(cases, "erf", NDArray::erf);
    put(cases, "is not a number", x -> x.log().isNaN());
    put(cases, "is infinite", x -> x.floor().log().isInfinite());
    ids(cases, "whole plus fraction", x -> x.add(0.5));
    ids(cases, "whole times whole", x -> x.mul(3).sub(1));
    put(cases, "comparisons", x -> x.gt(0).logicalAnd(x.lte(0.5)).logicalOr(x.lt(-0.5)));
    put(cases, "exclusive or, not", x -> x.gte(0).logicalXor(x.gt(0.5)).logicalNot());
    ids(cases, "equal", x -> x.eq(3).logicalOr(x.neq(4)));
    ids(cases, "whole against fraction", x -> x.gt(2.5));
    put(cases, "where", x -> NDArrays.where(x.gt(0), x, x.exp()));
  }

  private static void reductions(Map<String, UnaryOperator<NDList>> cases) {
    put(cases, "sum of all", NDArray::sum);
    put(cases, "sums", x -> x.sum(new int[] {0, -1}).add(x.sum(new int[] {1}, true).sum()));
    put(cases, "sum of truths", x -> x.gt(0).sum(new int[] {1}));
    put(cases, "mean", x -> x.mean(new int[] {1}, true).sub(x.mean()));
    put(cases, "greatest, least", x -> x.max(new int[] {-1}).sub(x.min(new int[] {2})));
    put(cases, "product", x -> x.prod(new int[] {2}, true));
    put(cases, "norm", x -> x.norm(new int[] {2}, true));
    put(cases, "running sum", x -> x.cumSum(1));
    ids(cases, "running sum of truths", x -> x.gt(3).cumSum(1));
    put(cases, "softmax in the middle", x -> x.softmax(1));
    put(cases, "log softmax", x -> x.logSoftmax(-1));
    put(cases, "place of the greatest", x -> x.argMax(-1));
    put(cases, "place of the least", x -> x.argMin(1));
    put(cases, "place of the greatest of all", NDArray::argMax);
    put(cases, "best two", x -> x.topK(2, -1, true, true).get(0));
    put(cases, "worst two", x -> x.topK(2, -1, false, true).get(1));
    put(cases, "sorted", x -> x.sort(1));
    put(cases, "order", x -> x.argSort(1));
    put(cases, "order, greatest first", x -> x.argSort(-1, false));
    put(cases, "product of matrices", x -> x.matMul(x.swapAxes(1, 2)));
    put(cases, "matrix by vector", x -> x.matMul(x.get(0, 0)));
  }

  private static void shapes(Map<String, UnaryOperator<NDList>> cases) {
    put(cases, "reshape by sizes", x -> x.reshape(size(x, 0), size(x, 1) * 2, 3));
    put(cases, "reshape with a rest", x -> x.reshape(-1, 3));
    put(cases, "reshape by a product", x -> x.reshape(size(x, 0) * size(x, 1), WIDTH));
    put(cases, "flatten", x -> x.flatten());
    put(cases, "flatten some", x -> x.flatten(1, 2));
    put(cases, "transpose", x -> x.transpose(2, 0, 1));
    put(cases, "transpose all", x -> x.transpose());
    put(cases, "swap", x -> x.swapAxes(0, -1));
    put(cases, "axes in and out", x -> x.expandDims(-2).expandDims(0).squeeze(0));
    put(cases, "squeeze", x -> x.get(":, 0:1").squeeze(1));
    put(cases, "squeeze of more than one", x -> x.squeeze(2));
    put(cases, "broadcast", x -> x.get(":, 0:1").broadcast(x.getShape()));
    put(cases, "slice", x -> x.get(":, 1:, 1:5:2"));
    put(cases, "slice by a size", x -> x.get(":, :{}", size(x, 1) - 1));
    put(cases, "slice from the end", x -> x.get("..., -3:-1"));
    put(cases, "last place", x -> x.get(":, -1"));
    put(cases, "places", x -> x.get(0, -1, 2));
    put(cases, "place after dots", x -> x.get("..., 1"));
    put(cases, "place and slice", x -> x.get("0, 1:, 2"));
    put(cases, "rows by number", x -> x.get(0).get(x.argMax(-1).flatten().minimum(0)));
    put(cases, "gather", x -> x.gather(x.argSort(1), 1));
    put(cases, "take", x -> x.take(x.argSort(-1)));
    put(cases, "one-hot", x -> x.argMax(-1).oneHot(WIDTH));
    put(cases, "concat", x -> x.concat(x.neg(), -1).concat(x, 2));
    put(cases, "stack", x -> NDArrays.stack(new NDList(x, x.neg()), -1));
    put(cases, "stack in front", x -> NDArrays.stack(new NDList(x, x.neg(), x), 1));
    put(cases, "split", x -> x.split(new long[] {1, 4}, 2).get(1));
    put(cases, "split in equal parts", x -> x.split(3, 2).get(2));
    put(cases, "repeat each", x -> x.repeat(1, 3));
    put(cases, "tile", x -> x.tile(new long[] {1, 2, 1}));
    put(cases, "flip", x -> x.flip(1));
    put(cases, "pad the last axes", x -> x.pad(new Shape(1, 2, 0, 3), 0.5));
  }

  private static void made(Map<String, UnaryOperator<NDList>> cases) {
    put(
        cases,
        "range to a size",
        x -> x.getManager().arange(0, (int) size(x, 1), 1, DataType.INT64));
    put(
        cases,
        "range from a size",
        x -> x.getManager().arange(1 - (int) size(x, 1), (int) size(x, 1), 1, DataType.INT64));
    put(
        cases,
        "range of fractions",
        x -> x.getManager().arange(0f, 3f, 0.5f, DataType.FLOAT32, x.getDevice()));
    put(cases, "numbers that follow sizes", x -> x.mul(size(x, 1)).add(2 * size(x, 0) - 1));
    put(cases, "zeros", x -> x.getManager().zeros(new Shape(size(x, 0), 2)).add(1));
    put(cases, "ones of truth", x -> x.getManager().ones(x.getShape(), DataType.BOOLEAN));
    put(cases, "filled", x -> x.getManager().full(new Shape(size(x, 1)), 2.5f));
    put(cases, "like", x -> x.zerosLike().add(x.onesLike()));
    put(cases, "own numbers", x -> x.mul(x.getManager().create(new float[] {1, 2, 3, 4, 5, 6})));
    put(cases, "own whole numbers", x -> x.add(x.getManager().create(new long[] {3}).sum()));
  }

  private static void networks(Map<String, UnaryOperator<NDList>> cases) {
    put(cases, "relu", Activation::relu);
    put(cases, "sigmoid", Activation::sigmoid);
    put(cases, "exact gelu", Activation::gelu);
    put(cases, "softplus", Activation::softPlus);
    put(cases, "elu", x -> Activation.elu(x, 0.7f));
    put(cases, "leaky relu", x -> Activation.leakyRelu(x, 0.2f));
    put(cases, "selu", Activation::selu);
    put(cases, "silu", Arithmetic::silu);
    put(
        cases,
        "layer norm over one axis",
        x -> {
          NDArray w = x.getManager().create(new float[] {1, 2, 3, 4, 5, 6});
          return LayerNorm.layerNorm(x, new Shape(WIDTH), w, w.neg(), 1e-5f).head();
        });
    put(
        cases,
        "batch norm with running statistics",
        x -> {
          NDArray w = x.getManager().create(new float[] {1, 2, 3, 4, 5, 6});
          NDArray images = x.reshape(-1, WIDTH, 1, 1);
          return BatchNorm.batchNorm(images, w, w.mul(2), w.neg(), w.add(1), 1, 0.9f, 1e-3f, false)
              .head();
        });
    put(
        cases,
        "convolution in groups",
        x -> {
          NDArray w = x.getManager().arange(0f, 54f, 1f).sin().reshape(6, 3, 3);
          NDArray b = x.getManager().create(new float[] {1, 2, 3, 4, 5, 6});
          return ai.djl.nn.convolutional.Conv1d.conv1d(
                  x.swapAxes(1, 2), w, b, new Shape(2), new Shape(1), new Shape(1), 2)
              .head();
        });
    put(
        cases,
        "largest of windows, edges do not count",
        x -> Pool.maxPool2d(image(x), pair(3), pair(2), pair(1), false));
    put(
        cases,
        "mean of windows, edges count",
        x -> Pool.avgPool2d(image(x), pair(3), pair(2), pair(1), false, true));
    put(
        cases,
        "mean of windows, which DJL takes over edges too",
        x -> Pool.avgPool2d(image(x), pair(3), pair(1), pair(1), false, false));
    put(cases, "linear without bias", x -> linear(x));
    ids(
        cases,
        "embedding",
        i -> {
          NDArray table = i.getManager().arange(0f, 27f, 1f).sin().reshape(IDS, 3);
          return ai.djl.nn.core.Embedding.embedding(
                  i, table, ai.djl.ndarray.types.SparseFormat.DENSE)
              .head();
        });
  }

  private static NDArray linear(NDArray x) {
    NDArray w = x.getManager().arange(0f, 18f, 1f).sin().reshape(3, WIDTH);
    return ai.djl.nn.core.Linear.linear(x, w, null).head();
  }

  private static NDArray image(NDArray x) {
    return x.expandDims(1);
  }

  private static Shape pair(int size) {
    return new Shape(size, size);
  }

  private static long size(NDArray x, int axis) {
    return x.getShape().get(axis);
  }

  private static Signature signature(UnaryOperator<NDList> operation) {
    return new Signature(
        List.of(Signature.Size.batch(), new Signature.Size("length", 2, 40)),
        List.of("x", "ids"),
        List.of("y"),
        (manager, sizes) -> {
          Shape shape = new Shape(sizes.get("batch"), sizes.get("length"));
          return new NDList(
              manager.randomNormal(shape.add(WIDTH)),
              manager.randomInteger(0, IDS, shape, DataType.INT64));
        },
        (pass, inputs) -> operation.apply(inputs));
  }

  private OnnxExport.Result export(UnaryOperator<NDList> operation) throws IOException {
    try (NDManager manager = NDManager.newBaseManager()) {
      return new OnnxExport(new Nothing(), manager, signature(operation))
          .write(folder.resolve("operation.onnx"), "operation", Map.of());
    }
  }

  static Stream<String> names() {
    return cases().keySet().stream();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("names")
  void agreesWithTheEngine(String name) throws IOException {
    OnnxExport.Result result = export(cases().get(name));
    assertThat(result.checks()).hasSize(3);
    assertThat(result.worst()).as(name).isLessThanOrEqualTo(1e-4);
  }

  @Test
  void whatReadsValuesIsRefusedByName() {
    assertThatThrownBy(() -> export(in -> new NDList(in.get(0).mul(in.get(0).sum().getFloat()))))
        .isInstanceOf(NotExpressibleException.class)
        .hasMessageContaining("reads values");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void randomNumbersAndChangesInPlaceAreRefused() {
    assertThatThrownBy(
            () -> export(in -> new NDList(in.get(0).getManager().randomNormal(new Shape(2)))))
        .hasMessageContaining("random");
    assertThatThrownBy(() -> export(in -> new NDList(in.get(0).addi(1))))
        .hasMessageContaining("in place");
    assertThatThrownBy(() -> export(in -> new NDList(in.get(0).nonzero())))
        .hasMessageContaining("depends on values");
  }

  @Test
  void whatJavaDecidesBySizesIsRefused() {
    assertThatThrownBy(
            () ->
                export(
                    in ->
                        new NDList(
                            size(in.get(0), 1) % 2 == 0 ? in.get(0).exp() : in.get(0).neg())))
        .isInstanceOf(NotExpressibleException.class)
        .hasMessageContaining("follows the sizes");
    assertThatThrownBy(
            () -> export(in -> new NDList(in.get(0).mul(Math.sqrt((double) size(in.get(0), 1))))))
        .hasMessageContaining("the number");
    assertThatThrownBy(
            () ->
                export(
                    in ->
                        new NDList(
                            in.get(0)
                                .get("0, :, 0")
                                .add(
                                    in.get(0)
                                        .getManager()
                                        .create(new float[(int) size(in.get(0), 1)])))))
        .hasMessageContaining("Java code fills");
  }

  @Test
  void whatOnlyTheCheckCanSeeIsRefusedByTheCheck() {
    assertThatThrownBy(
            () ->
                export(
                    in -> new NDList(size(in.get(0), 1) > 20 ? in.get(0).exp() : in.get(0).neg())))
        .isInstanceOf(NotExpressibleException.class)
        .hasMessageContaining("differs from the model");
    assertThat(folder).isEmptyDirectory();
  }
}
