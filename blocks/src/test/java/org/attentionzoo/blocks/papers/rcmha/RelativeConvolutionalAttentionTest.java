package org.attentionzoo.blocks.papers.rcmha;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.Map;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.ZooBlock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The limiting settings of the paper's attention, and its two ways through a long text. */
class RelativeConvolutionalAttentionTest {

  private NDManager manager;
  private NDArray x;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    JniUtils.setSeed(11);
    x = manager.randomNormal(new Shape(2, 9, 12));
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private Pass inference() {
    return Pass.inference(new ParameterStore(manager, false));
  }

  private RelativeConvolutionalAttention attention(boolean convolution, boolean relative) {
    RelativeConvolutionalAttention block =
        new RelativeConvolutionalAttention(new RcmhaConfig(12, 3, convolution, relative, 16, 0));
    initialize(block);
    return block;
  }

  private void initialize(ZooBlock block) {
    block.initialize(manager, DataType.FLOAT32);
    StateDict.of(block)
        .values()
        .forEach(p -> p.getArray().set(manager.randomNormal(p.getShape()).toFloatArray()));
  }

  private static void copy(ZooBlock from, ZooBlock to, boolean nested) {
    Map<String, Parameter> source = StateDict.of(from);
    StateDict.of(to)
        .forEach(
            (name, p) -> {
              String key =
                  nested && name.contains(".linear.")
                      ? name.replace(".linear.", ".0.linear.")
                      : name;
              p.getArray().set(source.get(key).getArray().toFloatArray());
            });
  }

  private void fill(ZooBlock block, String part, float... pattern) {
    StateDict.of(block)
        .forEach(
            (name, p) -> {
              if (name.contains(part)) {
                float[] values = new float[(int) p.getShape().size()];
                for (int i = 0; i < values.length; i++) {
                  values[i] = pattern[i % pattern.length];
                }
                p.getArray().set(values);
              }
            });
  }

  private double distance(ZooBlock a, ZooBlock b) {
    NDArray one = ((RelativeConvolutionalAttention) a).mix(inference(), x, Sequences.FULL);
    NDArray other = ((RelativeConvolutionalAttention) b).mix(inference(), x, Sequences.FULL);
    return one.sub(other).abs().max().getFloat() / other.abs().max().getFloat();
  }

  @Test
  void aConvolutionThatKeepsTheTokenIsRelativeAttention() {
    RelativeConvolutionalAttention whole = attention(true, true);
    fill(whole, "1.conv.weight", 0, 0, 1);
    fill(whole, "1.conv.bias", 0);
    RelativeConvolutionalAttention relative = attention(false, true);
    copy(whole, relative, true);
    assertThat(distance(whole, relative)).isLessThan(1e-6);
  }

  @Test
  void tablesOfZerosAreConvolvedAttention() {
    RelativeConvolutionalAttention whole = attention(true, true);
    fill(whole, "_pos_", 0);
    RelativeConvolutionalAttention convolved = attention(true, false);
    copy(whole, convolved, false);
    assertThat(distance(whole, convolved)).isLessThan(1e-6);
  }

  @Test
  void rowsOfTheFutureAndBeyondTheLengthDoNotMatter() {
    RelativeConvolutionalAttention whole = attention(true, true);
    RelativeConvolutionalAttention other = attention(true, true);
    copy(whole, other, false);
    Parameter table = StateDict.of(other).get("key_pos_embeddings");
    NDArray rows = manager.arange(32).reshape(32, 1, 1);
    // Distances 0 to -8 are rows 16 to 8.
    NDArray unused = rows.gt(16).logicalOr(rows.lt(8)).toType(DataType.FLOAT32, false);
    table
        .getArray()
        .set(
            manager
                .create(table.getArray().toFloatArray(), table.getShape())
                .add(unused)
                .toFloatArray());
    assertThat(distance(whole, other)).isZero();
  }

  @Test
  void aSegmentWithAMemoryOfOneLayerDiffersFromTheLongPassOnlyByTheQueriesOwnStart() {
    TransformerXlLanguageModel model =
        new TransformerXlLanguageModel(11, 1, 20, 0, new RcmhaConfig(12, 3, true, true, 16, 0));
    initialize(model);
    NDArray tokens = manager.randomInteger(0, 11, new Shape(2, 12), DataType.INT64);
    NDArray whole = model.forward(inference(), tokens, new NDList()).get(0);
    NDList first = model.forward(inference(), tokens.get(":, :5"), new NDList());
    NDArray second =
        model.forward(inference(), tokens.get(":, 5:"), new NDList(first.get(1))).get(0);
    NDArray difference = second.sub(whole.get(":, 5:")).abs().max(new int[] {2}).max(new int[] {0});
    float[] worst = difference.toFloatArray();
    // The convolution of the queries sees two earlier tokens, which the segment does not give it.
    assertThat(worst[0]).isGreaterThan(1e-3f);
    for (int i = 2; i < worst.length; i++) {
      assertThat(worst[i]).as("token %s of the segment", i).isLessThan(1e-4f);
    }
    assertThat(
            model.forward(inference(), new NDList(tokens)).head().sub(whole).abs().max().getFloat())
        .isLessThan(1e-4f);
  }
}
