package org.attentionzoo.blocks.papers.terminator;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Conv2d;
import java.util.Set;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Initializers;

/** The ten branches of an {@link SfneBlock} and what joins them; see there. */
final class FastMultiBranch extends ZooBlock {

  /** The tap of the input times the global kernel, (B, channels, side, side). */
  static final String CONTEXT = "context";

  private final SlowNet global;
  private final SlowNet[] kernels = new SlowNet[4];
  private final LocalConvolution[] convolutions = new LocalConvolution[4];
  private final Parameter[] biases = new Parameter[4];
  private final Pointwise mixer;
  private final Pointwise bottleneck;
  private final RecursiveGatedUnit unit;
  private final RecursiveGatedUnit contextUnit;
  private final ChannelInteraction channelInteraction;
  private final Interaction interaction;

  FastMultiBranch(SfneConfig config) {
    int channels = config.channels();
    global = child("slow_net_g", SlowNet.global(config.global(), config.side(), channels));
    for (int i = 0; i < 4; i++) {
      int side = config.localSides().get(i);
      kernels[i] = child("slow_net_l" + (i + 1), SlowNet.local(config.local(), side, channels));
      convolutions[i] =
          child("local_interact_conv_" + (i + 1), new LocalConvolution(channels, side));
      biases[i] = parameter("bias" + (i + 1), Initializers.constant(0), 1);
    }
    mixer =
        child(
            "channel_mixer_mlp",
            new Pointwise(channels, channels, 2, Pointwise.kaimingNormal(channels), 0));
    int joined = channels * (10 + config.earlier());
    bottleneck =
        child(
            "bottleneck_layer",
            new Pointwise(
                joined, channels * config.factor(), 2, Pointwise.kaimingNormal(joined), 0));
    unit = child("Fast_Kernel_rgu", new RecursiveGatedUnit(channels, config.side()));
    contextUnit = child("Fast_Kernel_rgu_2", new RecursiveGatedUnit(channels, config.side()));
    channelInteraction =
        child("channel_mixer_hci", new ChannelInteraction(config.channel(), channels));
    interaction = child("hyper_interact", new Interaction(config));
  }

  @Override
  public Set<String> tapPoints() {
    return Set.of(CONTEXT);
  }

  /**
   * (B, channels, side, side), and the outputs of earlier blocks, to what the branches give, (B,
   * channels factor, side, side), and the global kernel (1, channels, side, side).
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray x = inputs.head();
    NDArray kernel = global.forward(pass, x);
    NDArray context = pass.tap(this, CONTEXT, x.mul(kernel));
    NDArray fast =
        Standardize.instance(contextUnit.forward(pass, context).add(unit.forward(pass, x)));
    NDArray mixed = Standardize.instance(mixer.forward(pass, x));
    NDArray channels = Standardize.instance(channelInteraction.forward(pass, x));
    NDArray out = context.matMul(fast);
    NDArray gated = Activation.sigmoid(out).mul(out);
    NDArray hyper = interaction.interact(pass, out, x);

    NDArray[] makes = {x, channels, mixed, x};
    NDArray[] sees = {channels, x, x, mixed};
    NDArray[] local = new NDArray[4];
    for (int i = 0; i < 4; i++) {
      NDArray made = kernels[i].forward(pass, makes[i]);
      local[i] = convolutions[i].convolve(pass, made, sees[i]).add(pass.value(biases[i], x));
    }
    NDList joined = new NDList(out, local[1]);
    if (inputs.size() > 1) {
      repeat(joined, inputs.get(1), x);
    }
    joined.add(fast);
    joined.add(context.matMul(mixed));
    joined.add(local[0]);
    joined.add(gated);
    joined.add(local[2]);
    joined.add(context.matMul(channels));
    joined.add(local[3]);
    if (inputs.size() > 2) {
      repeat(joined, inputs.get(2), x);
    }
    joined.add(hyper);
    return new NDList(bottleneck.forward(pass, NDArrays.concat(joined, 1)), kernel);
  }

  /** Whole copies of an earlier block's output, until it has as many channels. */
  private static void repeat(NDList joined, NDArray earlier, NDArray x) {
    long copies = x.getShape().get(1) / earlier.getShape().get(1);
    for (long i = 0; i < copies; i++) {
      joined.add(earlier);
    }
  }

  /** gelu(BN(W (K conv x))), K a kernel for each channel. */
  private static final class LocalConvolution extends ZooBlock {

    private final int side;
    private final Pointwise mixer;

    LocalConvolution(int channels, int side) {
      this.side = side;
      mixer =
          child(
              "channel_mixer",
              new Pointwise(channels, channels, 2, Pointwise.kaimingNormal(channels), 0));
    }

    NDArray convolve(Pass pass, NDArray kernel, NDArray x) {
      int channels = (int) x.getShape().get(1);
      int padding = (side - 1) / 2;
      NDArray near =
          Conv2d.conv2d(
                  x,
                  kernel.reshape(channels, 1, side, side),
                  null,
                  new Shape(1, 1),
                  new Shape(padding, padding),
                  new Shape(1, 1),
                  channels)
              .head();
      return Activation.gelu(Standardize.batch(mixer.forward(pass, near)));
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      return new NDList(convolve(pass, inputs.get(0), inputs.get(1)));
    }
  }

  /** x sigmoid(m k m), m the mean of each channel, k a kernel over channels. */
  private static final class ChannelInteraction extends UnaryBlock {

    private final SlowNet kernel;

    ChannelInteraction(SlowNetConfig config, int channels) {
      kernel = child("slow_net_gc", SlowNet.channels(config, channels));
    }

    @Override
    public NDArray forward(Pass pass, NDArray x) {
      return x.mul(Activation.sigmoid(score(pass, kernel, x)));
    }

    /** (B, channels, 1, 1). */
    static NDArray score(Pass pass, SlowNet kernel, NDArray x) {
      Shape shape = x.getShape();
      NDArray mean =
          x.mean(new int[] {3}).mean(new int[] {2}).reshape(shape.get(0), 1, shape.get(1));
      NDArray score = mean.mul(kernel.forward(pass, mean)).mul(mean);
      return score.reshape(shape.get(0), shape.get(1), 1, 1);
    }
  }

  /** x sigmoid(s), s the product of a score of y's channels and one of its places. */
  private static final class Interaction extends ZooBlock {

    private final SlowNet channels;
    private final SlowNet places;

    Interaction(SfneConfig config) {
      channels =
          child("slow_net_gc_hi", SlowNet.channels(config.interactChannel(), config.channels()));
      places = child("slow_net_gs_hi", SlowNet.global(config.interactSpatial(), config.side(), 1));
    }

    NDArray interact(Pass pass, NDArray y, NDArray x) {
      NDArray byChannel = ChannelInteraction.score(pass, channels, y);
      NDArray mean = y.mean(new int[] {1}, true);
      NDArray byPlace = mean.mul(places.forward(pass, mean)).mul(mean);
      return x.mul(Activation.sigmoid(byPlace.mul(byChannel)));
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      return new NDList(interact(pass, inputs.get(0), inputs.get(1)));
    }
  }
}
