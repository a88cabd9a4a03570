package org.attentionzoo.eval.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import java.util.LinkedHashMap;
import java.util.Map;
import org.attentionzoo.blocks.BackwardPass;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.experts.ExpertMixture;
import org.attentionzoo.blocks.experts.ParallelExperts;
import org.attentionzoo.blocks.experts.TopKGateConfig;
import org.attentionzoo.blocks.layers.FeedForward;

/**
 * Times a mixture of feed-forward experts, its gate included, beside one dense network as wide as
 * the experts that a token uses: both multiply each token by as many weights. Thread safety:
 * stateless.
 */
public final class ExpertBench {

  private static final int WARMUPS = 3;

  private ExpertBench() {}

  /**
   * What is compared.
   *
   * @param tokens how many tokens there are
   * @param width the size of a token
   * @param experts how many experts there are
   * @param chosen how many of them a token uses
   * @param hidden the inner size of an expert
   */
  public record Sizes(int tokens, int width, int experts, int chosen, int hidden) {}

  /**
   * The times of both.
   *
   * @param mixture prediction of the mixture
   * @param dense prediction of the dense network
   * @param trainedMixture a forward and a backward pass of the mixture
   * @param trainedDense a forward and a backward pass of the dense network
   */
  public record Result(
      Rounds.Timing mixture,
      Rounds.Timing dense,
      Rounds.Timing trainedMixture,
      Rounds.Timing trainedDense) {}

  /**
   * Times both in turns.
   *
   * @param parent what the memory belongs to; decides the device
   * @param sizes what is compared
   * @param rounds how often each is run, and which time counts
   * @return the times
   */
  public static Result run(NDManager parent, Sizes sizes, Rounds.Plan rounds) {
    try (NDManager manager = parent.newSubManager()) {
      TopKGateConfig gate =
          new TopKGateConfig(
              sizes.width(),
              sizes.experts(),
              sizes.chosen(),
              0,
              TopKGateConfig.Kind.LINEAR,
              sizes.width(),
              0,
              TopKGateConfig.Loss.SWITCH,
              0.01,
              0);
      UnaryBlock mixture =
          new ExpertMixture(gate, sizes.hidden(), true, ParallelExperts.NonLinearity.GELU);
      UnaryBlock dense = new FeedForward(sizes.width(), sizes.chosen() * sizes.hidden(), 0);
      NDArray tokens = manager.randomNormal(new Shape(sizes.tokens(), sizes.width()));
      for (UnaryBlock block : new UnaryBlock[] {mixture, dense}) {
        block.initialize(manager, DataType.FLOAT32, tokens.getShape());
        block.getParameters().values().forEach(p -> p.getArray().setRequiresGradient(true));
      }
      ParameterStore store = new ParameterStore(manager, false);
      Map<String, Runnable> work = new LinkedHashMap<>();
      work.put("mixture", () -> predict(manager, store, mixture, tokens));
      work.put("dense", () -> predict(manager, store, dense, tokens));
      work.put("trained mixture", () -> train(manager, store, mixture, tokens));
      work.put("trained dense", () -> train(manager, store, dense, tokens));
      Map<String, Rounds.Timing> timings = Rounds.run(work, WARMUPS, rounds);
      return new Result(
          timings.get("mixture"),
          timings.get("dense"),
          timings.get("trained mixture"),
          timings.get("trained dense"));
    }
  }

  private static void predict(
      NDManager manager, ParameterStore store, UnaryBlock block, NDArray tokens) {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.off()) {
      Workload.await(block.forward(Pass.inference(store), in(scope, tokens)));
    }
  }

  private static void train(
      NDManager manager, ParameterStore store, UnaryBlock block, NDArray tokens) {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.on()) {
      Pass pass = Pass.training(store);
      NDArray loss = Workload.meanSquare(block.forward(pass, in(scope, tokens)));
      for (NDArray auxiliary : pass.auxiliaryLosses().values()) {
        loss = loss.add(auxiliary);
      }
      Workload.await(loss);
      BackwardPass.from(loss);
    }
  }

  /** The same memory, for results to belong to the scope. */
  private static NDArray in(NDManager scope, NDArray tokens) {
    NDArray view = tokens.reshape(tokens.getShape());
    view.attach(scope);
    return view;
  }
}
