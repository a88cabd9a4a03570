package org.attentionzoo.eval.generate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.attentionzoo.blocks.Bounded;
import org.attentionzoo.blocks.DecodeCache;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Segments;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.datasets.Tensors;

/**
 * Continues sequences of tokens with a causal language model: a block that takes tokens (B, L)
 * int64 and gives logits (B, L, V), and with a {@link DecodeCache} goes on where it stopped.
 *
 * <p>For one thread.
 */
public final class Generation {

  private final ZooBlock model;
  private final NDManager manager;

  /**
   * Prepares generation.
   *
   * @param model the model, initialised
   * @param manager on the model's device; the parent of what generation needs
   */
  public Generation(ZooBlock model, NDManager manager) {
    this.model = model;
    this.manager = manager;
  }

  /**
   * Continues a prompt: one pass over all of it, then one token at a time.
   *
   * @param prompt the tokens so far, at least one
   * @param most how many tokens to add at most; fewer if the model takes no more
   * @param sampling how to draw them
   * @param listener gets each new token at once and says whether to go on
   * @return the new tokens
   * @throws UserException if the model does not take as many tokens as the prompt has
   */
  public int[] run(int[] prompt, int most, Sampling sampling, IntPredicate listener) {
    if (prompt.length == 0) {
      throw new IllegalArgumentException("a prompt has at least one token");
    }
    int room = room(prompt.length, most);
    IntStream.Builder added = IntStream.builder();
    SplittableRandom random = new SplittableRandom(sampling.seed());
    try (GradientMode ignored = GradientMode.off();
        DecodeCache cache = new DecodeCache(manager)) {
      int[] piece = prompt;
      for (int count = 0; count < room; count++) {
        int token = sampling.draw(next(cache, piece), random);
        added.add(token);
        if (!listener.test(token)) {
          break;
        }
        piece = new int[] {token};
      }
    }
    return added.build().toArray();
  }

  /** How many tokens can be added; the last one needs no position. */
  private int room(int prompt, int most) {
    if (!(model instanceof Bounded bounded)) {
      return most;
    }
    if (prompt > bounded.context()) {
      throw new UserException(
          "the prompt has "
              + prompt
              + " tokens, the model takes "
              + bounded.context()
              + "; give a shorter one");
    }
    return Math.min(most, bounded.context() - prompt + 1);
  }

  /** The logits (V) of the token after a piece. */
  private float[] next(DecodeCache cache, int[] piece) {
    try (NDManager scope = manager.newSubManager()) {
      Pass pass =
          Pass.inference(new ParameterStore(scope, false)).with(cache).with(Segments.released());
      long[] ids = Arrays.stream(piece).asLongStream().toArray();
      NDArray tokens = Tensors.int64(scope, new Shape(1, ids.length), ids);
      NDArray logits = model.forward(pass, new NDList(tokens)).head();
      return logits
          .get("0, {}", (long) ids.length - 1)
          .toType(DataType.FLOAT32, false)
          .toFloatArray();
    }
  }
}
