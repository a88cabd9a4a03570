package org.attentionzoo.blocks.papers.titans;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Activation;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * Learning at test time (equations 13 to 15 of the paper) as a function of projected tokens: with
 * loss l(M; k, v) = |M(k) - v|^2,
 *
 * <pre>
 * S_t = eta_t S_{t-1} - theta_t grad l(anchor; k_t, v_t)
 * M_t = (1 - alpha_t) M_{t-1} + S_t
 * y_t = M_t(q_t)
 * </pre>
 *
 * where the anchor is the memory before the chunk's first token. With a limit, a token's gradient g
 * is shortened to limit tanh(|g| / limit), as lucidrains/titans-pytorch offers. The kernel takes a
 * chunk at a time: a token's gradient has rank one, so a chunk's updates act on queries as masked
 * attention does, and no weights are formed but those at the chunk's end. The plain version goes
 * token by token and forms every M_t.
 */
final class Memorizing {

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(Memorizing.class, "titans.torchscript");

  private static final double INVERSE_ROOT = 1 / Math.sqrt(2 * Math.PI);

  private static final double SMALLEST_SQUARE = 1e-24;

  private Memorizing() {}

  /** silu, heads apart, and if so wished to unit length: (B, L, H d) to (B, H, L, d). */
  static NDArray activate(Pass pass, NDArray x, int heads, boolean normalised) {
    return pass.kernels(x)
        ? fastActivate(x, heads, normalised)
        : plainActivate(x, heads, normalised);
  }

  static NDArray fastActivate(NDArray x, int heads, boolean normalised) {
    return KERNELS.call("activate", x, heads, normalised);
  }

  static NDArray plainActivate(NDArray x, int heads, boolean normalised) {
    NDArray y = Tensors.splitHeads(Arithmetic.silu(x), heads);
    if (!normalised) {
      return y;
    }
    // the square is bounded, not its root, whose slope at 0 is infinite
    return y.div(Arithmetic.atLeast(y.square().sum(new int[] {-1}, true), SMALLEST_SQUARE).sqrt());
  }

  /**
   * All linear maps of tokens in one product.
   *
   * @param x (B, L, D)
   * @param weights (out_i, D)
   * @param biases (out_i) of the last of them; the first have none
   * @return (B, L, out_i)
   */
  static NDList project(NDArray x, NDList weights, NDList biases) {
    return KERNELS.callAll("project", x, weights, biases);
  }

  /**
   * Projected tokens.
   *
   * @param q (B, H, L, d)
   * @param k (B, H, L, d)
   * @param v (B, H, L, d)
   * @param rate theta (B, H, L)
   * @param keep log(1 - alpha) (B, H, L); null without forgetting
   * @param decay log(eta) (B, H, L); null without momentum
   * @param live (B, 1, L) float, 0 where padded; null if nothing is
   */
  record Tokens(
      NDArray q, NDArray k, NDArray v, NDArray rate, NDArray keep, NDArray decay, NDArray live) {}

  /**
   * What the memory says and where it stands.
   *
   * @param output y (B, H, L, d)
   * @param memory M after the last token
   * @param momentum S after the last token
   * @param anchor the anchor after the last token
   */
  record Step(NDArray output, NDList memory, NDList momentum, NDList anchor) {}

  static Step fast(Tokens tokens, MemoryState state, int chunk, double limit) {
    int depth = state.memory().size();
    NDList all =
        KERNELS.callAll(
            "advance",
            tokens.q(),
            tokens.k(),
            tokens.v(),
            tokens.rate(),
            tokens.keep(),
            tokens.decay(),
            tokens.live(),
            state.counts(),
            state.memory(),
            state.momentum(),
            state.anchor(),
            state.seen(),
            chunk,
            limit);
    return new Step(
        all.get(0),
        part(all, 1, depth),
        part(all, 1 + depth, depth),
        part(all, 1 + 2 * depth, depth));
  }

  private static NDList part(NDList all, int from, int count) {
    NDList part = new NDList();
    part.addAll(all.subList(from, from + count));
    return part;
  }

  static Step plain(Tokens tokens, MemoryState state, int chunk, double limit) {
    int depth = state.memory().size();
    long length = tokens.q().getShape().get(2);
    NDList memory = state.memory();
    NDList momentum = state.momentum();
    NDList anchor = state.anchor();
    NDArray counts = state.counts();
    NDList outputs = new NDList();
    for (long t = 0; t < length; t++) {
      NDArray live = tokens.live() == null ? null : at(tokens.live(), t);
      NDList gradients = gradients(at(tokens.k(), t), at(tokens.v(), t), anchor);
      NDArray theta = at(tokens.rate(), t);
      if (limit > 0) {
        theta = theta.mul(shrink(gradients, limit));
      }
      NDArray eta = tokens.decay() == null ? null : at(tokens.decay(), t).exp();
      NDArray keep = tokens.keep() == null ? null : at(tokens.keep(), t).exp();
      NDList nextMemory = new NDList();
      NDList nextMomentum = new NDList();
      for (int i = 0; i < depth; i++) {
        NDArray surprise = gradients.get(i).mul(theta).neg();
        NDArray s = eta == null ? surprise : momentum.get(i).mul(eta).add(surprise);
        NDArray m = keep == null ? memory.get(i).add(s) : memory.get(i).mul(keep).add(s);
        nextMomentum.add(where(live, s, momentum.get(i)));
        nextMemory.add(where(live, m, memory.get(i)));
      }
      memory = nextMemory;
      momentum = eta == null ? momentum : nextMomentum;
      outputs.add(read(at(tokens.q(), t), memory));
      if (counts != null && live != null) {
        counts = counts.add(live.reshape(-1).toType(counts.getDataType(), false));
        NDArray done = counts.mod(chunk).eq(0).reshape(-1, 1, 1, 1);
        NDList nextAnchor = new NDList();
        for (int i = 0; i < depth; i++) {
          nextAnchor.add(
              where(done.toType(memory.head().getDataType(), false), memory.get(i), anchor.get(i)));
        }
        anchor = nextAnchor;
      } else if ((state.seen() + t + 1) % chunk == 0) {
        anchor = memory;
      }
    }
    return new Step(Tensors.concat(outputs, 2), memory, momentum, anchor);
  }

  /** Reads a memory: (B, H, L, d) to (B, H, L, d). */
  static NDArray read(NDArray q, NDList memory) {
    NDArray x = q;
    for (int i = 0; i < memory.size(); i++) {
      x = x.matMul(memory.get(i));
      if (i < memory.size() - 1) {
        x = Activation.gelu(x);
      }
    }
    return x;
  }

  /** The gradient of |M(k) - v|^2 for one token, by layer. */
  private static NDList gradients(NDArray k, NDArray v, NDList memory) {
    int depth = memory.size();
    NDList activations = new NDList(k);
    NDList sums = new NDList();
    NDArray x = k;
    for (int i = 0; i < depth; i++) {
      x = x.matMul(memory.get(i));
      sums.add(x);
      if (i < depth - 1) {
        x = Activation.gelu(x);
        activations.add(x);
      }
    }
    NDArray error = Arithmetic.times(x.sub(v), 2);
    NDArray[] gradients = new NDArray[depth];
    for (int i = depth - 1; i >= 0; i--) {
      gradients[i] = activations.get(i).swapAxes(2, 3).matMul(error);
      if (i > 0) {
        error = error.matMul(memory.get(i).swapAxes(2, 3)).mul(geluSlope(sums.get(i - 1)));
      }
    }
    return new NDList(gradients);
  }

  /**
   * The derivative of the exact GELU, Phi(x) + x phi(x). There is no erf among NDArray's
   * operations: Phi is taken from GELU itself, x Phi(x), and near 0 from its series, which is exact
   * to float64 there.
   */
  private static NDArray geluSlope(NDArray x) {
    NDArray square = x.square();
    NDArray density = Arithmetic.times(Arithmetic.times(square, -0.5).exp(), INVERSE_ROOT);
    NDArray small = x.abs().lt(0.25);
    NDArray inside = NDArrays.where(small, x, x.zerosLike());
    NDArray outside = NDArrays.where(small, x.onesLike(), x);
    NDArray s = inside.square();
    NDArray series = Arithmetic.times(s, -1.0 / 42240).add(1.0 / 3456);
    series = series.mul(s).sub(1.0 / 336).mul(s).add(1.0 / 40).mul(s).sub(1.0 / 6).mul(s).add(1);
    NDArray near = Arithmetic.times(series.mul(inside), INVERSE_ROOT).add(0.5);
    NDArray far = Activation.gelu(outside).div(outside);
    return NDArrays.where(small, near, far).add(x.mul(density));
  }

  /** limit tanh(norm / limit) / norm, for the norm over all layers: (B, H, 1, 1). */
  private static NDArray shrink(NDList gradients, double limit) {
    NDArray square = null;
    for (NDArray gradient : gradients) {
      NDArray one = gradient.square().sum(new int[] {2, 3}, true);
      square = square == null ? one : square.add(one);
    }
    NDArray norm = square.add(1e-12).sqrt();
    return Arithmetic.times(Arithmetic.times(norm, 1 / limit).tanh(), limit).div(norm);
  }

  /** (B, H, L, d) to (B, H, 1, d); (B, H, L) to (B, H, 1, 1). */
  private static NDArray at(NDArray x, long t) {
    NDArray slice = x.get(":, :, {}:{}", t, t + 1);
    return slice.getShape().dimension() == 3 ? slice.expandDims(-1) : slice;
  }

  private static NDArray where(NDArray live, NDArray yes, NDArray no) {
    return live == null ? yes : Tensors.choose(live, yes, no);
  }
}
