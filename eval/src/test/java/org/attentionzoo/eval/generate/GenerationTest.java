package org.attentionzoo.eval.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.Bounded;
import org.attentionzoo.blocks.Devices;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.shells.DecoderConfig;
import org.attentionzoo.blocks.shells.DecoderLanguageModel;
import org.attentionzoo.models.Papers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GenerationTest {

  private static final int[] PROMPT = {3, 1, 4, 1, 5};

  private NDManager manager;
  private DecoderLanguageModel model;
  private Generation generation;

  @BeforeEach
  void build() {
    manager = Devices.manager(Device.cpu());
    model =
        new DecoderLanguageModel(
            new DecoderConfig(16, 8, 2, 16, false, 0.1),
            layer -> new MultiHeadAttention(AttentionConfig.causal(8, 2, null).windowed(4)));
    JniUtils.setSeed(5);
    model.initialize(manager, DataType.FLOAT32);
    // The usual initial head is so small that all tokens are nearly as likely.
    try (GradientMode ignored = GradientMode.off()) {
      model.getParameters().get(model.getParameters().size() - 1).getValue().getArray().muli(40);
    }
    generation = new Generation(model, manager);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void drawsFromTheLogitsOfTheWholeSequenceSoFar() {
    for (Sampling sampling : List.of(Sampling.GREEDY, new Sampling(0.8, 8, 0.95, 11))) {
      int[] expected = PROMPT;
      SplittableRandom random = new SplittableRandom(sampling.seed());
      for (int i = 0; i < 20; i++) {
        int token = sampling.draw(lastLogits(expected), random);
        expected = Arrays.copyOf(expected, expected.length + 1);
        expected[expected.length - 1] = token;
      }
      assertThat(generation.run(PROMPT, 20, sampling, token -> true))
          .isEqualTo(Arrays.copyOfRange(expected, PROMPT.length, expected.length));
    }
  }

  @Test
  void auxiliaryLossesOfATokenDoNotOutliveIt() {
    ZooBlock experts = built("moduleformer-tiny");
    assertThat(new Generation(experts, manager).run(PROMPT, 3, Sampling.GREEDY, token -> true))
        .hasSize(3);
  }

  @Test
  void endsWhereTheModelHasNoMorePositions() {
    ZooBlock bounded = built("ssa-gpt-tiny");
    int context = ((Bounded) bounded).context();
    Generation generator = new Generation(bounded, manager);
    int[] prompt = new int[context - 2];
    assertThat(generator.run(prompt, 9, Sampling.GREEDY, token -> true)).hasSize(3);
    assertThat(generator.run(prompt, 2, Sampling.GREEDY, token -> true)).hasSize(2);
    assertThatThrownBy(() -> generator.run(new int[context + 1], 1, Sampling.GREEDY, token -> true))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("takes " + context);
  }

  private ZooBlock built(String preset) {
    ZooBlock block = Papers.load().preset(preset).build();
    block.initialize(manager, DataType.FLOAT32);
    return block;
  }

  @Test
  void theSeedDecides() {
    assertThat(draw(1)).isEqualTo(draw(1)).isNotEqualTo(draw(2));
  }

  @Test
  void tellsTokensAtOnceAndStopsWhenAsked() {
    List<Integer> heard = new ArrayList<>();
    int[] tokens =
        generation.run(
            PROMPT,
            20,
            Sampling.DEFAULT,
            token -> {
              heard.add(token);
              return heard.size() < 3;
            });
    assertThat(tokens).hasSize(3).containsExactly(heard.stream().mapToInt(i -> i).toArray());
  }

  @Test
  void leavesNothingBehind() {
    generation.run(PROMPT, 3, Sampling.DEFAULT, token -> true);
    int arrays = manager.getManagedArrays().size();
    generation.run(PROMPT, 30, Sampling.DEFAULT, token -> true);
    assertThat(manager.getManagedArrays()).hasSize(arrays);
  }

  @Test
  void needsAPrompt() {
    assertThatThrownBy(() -> generation.run(new int[0], 3, Sampling.DEFAULT, token -> true))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private int[] draw(long seed) {
    return generation.run(PROMPT, 20, new Sampling(1, 0, 1, seed), token -> true);
  }

  private float[] lastLogits(int[] tokens) {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.off()) {
      NDArray ids = scope.create(Arrays.stream(tokens).asLongStream().toArray()).expandDims(0);
      Pass pass = Pass.inference(new ParameterStore(manager, false));
      NDArray logits = model.forward(pass, new NDList(ids)).head();
      return logits.get("0, -1").toFloatArray();
    }
  }
}
