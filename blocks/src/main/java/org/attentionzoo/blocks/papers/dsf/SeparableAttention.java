package org.attentionzoo.blocks.papers.dsf;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.linear.LinearAttention;
import org.attentionzoo.blocks.linear.LinearAttentionConfig;
import org.attentionzoo.blocks.systems.DynamicalSystem;
import org.attentionzoo.blocks.systems.TimeVaryingSystem;

/**
 * Causal attention whose weights are products of features over a normaliser (Sieber et al. 2024,
 * section 3.2): y_i = sum over j up to i of psi(q_i) . psi(k_j) v_j / eta_i. As a system,
 *
 * <pre>
 *   T_i = eta_(i-1) / eta_i,   B_i = psi(k_i) / eta_i,   C_i = psi(q_i),   u = v
 * </pre>
 *
 * <p>Linear attention has psi = elu + 1 and the sum of the weights as eta. Normalised attention
 * (equation 21) has psi = identity and eta_i = exp(w . x_i + b), one number for each head and token
 * that does not look at the keys.
 *
 * <p>State dict, with the official names: {@code Wqk} (2 heads keyWidth, width), {@code Wv}, {@code
 * Wn} (heads, width) if normalised so, {@code out_proj}.
 */
public final class SeparableAttention extends MixerBlock implements DynamicalSystem {

  private static final String KEYS = "keys";
  private static final double SMALLEST = 1e-30;

  private final LinearAttention attention = new LinearAttention(LinearAttentionConfig.sum(true));
  private final int width;
  private final int heads;
  private final Linear queryKey;
  private final Linear value;
  private final Linear normaliser;
  private final Linear output;

  private SeparableAttention(int width, int heads, int keyWidth, boolean learned) {
    if (heads < 1 || width % heads != 0 || keyWidth < 1) {
      throw new IllegalArgumentException("width must be a multiple of heads");
    }
    this.width = width;
    this.heads = heads;
    queryKey = child("Wqk", new Linear(width, 2L * heads * keyWidth));
    value = child("Wv", new Linear(width, width));
    normaliser = learned ? child("Wn", new Linear(width, heads)) : null;
    output = child("out_proj", new Linear(width, width));
  }

  /**
   * Linear attention.
   *
   * @param width the size of the hidden states
   * @param heads the number of heads
   * @param keyWidth the size of each head's queries and keys, the state's expansion
   * @return the mixer
   */
  public static SeparableAttention linear(int width, int heads, int keyWidth) {
    return new SeparableAttention(width, heads, keyWidth, false);
  }

  /**
   * Normalised attention.
   *
   * @param width the size of the hidden states
   * @param heads the number of heads
   * @param keyWidth the size of each head's queries and keys, the state's expansion
   * @return the mixer
   */
  public static SeparableAttention normalised(int width, int heads, int keyWidth) {
    return new SeparableAttention(width, heads, keyWidth, true);
  }

  /** {@inheritDoc} */
  @Override
  public String role() {
    return "sequence_mixer";
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return true;
  }

  /** Queries and keys (B, heads, L, keyWidth), values (B, heads, L, d), normalisers (.., 1). */
  private record Parts(NDArray q, NDArray k, NDArray v, NDArray eta) {}

  private Parts parts(Pass pass, NDArray hidden, NDArray valid) {
    NDList joint = Tensors.splitHeads(queryKey.forward(pass, hidden), 2, heads);
    NDArray q = joint.get(0);
    NDArray k = joint.get(1);
    NDArray v = Tensors.splitHeads(value.forward(pass, hidden), heads);
    if (normaliser != null) {
      NDArray eta = normaliser.forward(pass, hidden).exp().transpose(0, 2, 1).expandDims(3);
      return new Parts(q, k, v, eta);
    }
    q = Activation.elu(q, 1).add(1);
    k = Activation.elu(k, 1).add(1);
    NDArray live = k;
    if (valid != null) {
      live = k.mul(valid.toType(k.getDataType(), false).expandDims(1).expandDims(-1));
    }
    NDArray seen = live.cumSum(2);
    if (pass.cache() != null) {
      DecodeState state = pass.cache().of(this);
      NDArray before = state.borrow(KEYS, k);
      seen = before == null ? seen : seen.add(before);
      state.put(KEYS, seen.get(":, :, -1:"));
    }
    NDArray eta = q.mul(seen).sum(new int[] {3}, true);
    // A padded token before any other has seen nothing.
    return new Parts(q, k, v, valid == null ? eta : Arithmetic.atLeast(eta, SMALLEST));
  }

  /** {@inheritDoc} */
  @Override
  public NDArray inner(Pass pass, NDArray hidden) {
    return inner(pass, hidden, null);
  }

  private NDArray inner(Pass pass, NDArray hidden, NDArray valid) {
    Parts parts = parts(pass, hidden, valid);
    return Tensors.joinHeads(
        attention.attend(pass, this, parts.q(), parts.k(), parts.v(), valid).div(parts.eta()));
  }

  /** {@inheritDoc} */
  @Override
  public int width() {
    return width;
  }

  /** {@inheritDoc} */
  @Override
  public TimeVaryingSystem system(Pass pass, NDArray hidden) {
    Parts parts = parts(pass, hidden, null);
    NDArray eta = parts.eta();
    NDArray before = eta.get(":, :, :1").concat(eta.get(":, :, :-1"), 2);
    return new TimeVaryingSystem(
        perChannel(before.div(eta), hidden),
        perChannel(parts.k().div(eta), hidden),
        perChannel(parts.q(), hidden),
        null,
        Tensors.joinHeads(parts.v()));
  }

  /** (B, heads, L, n) to (B, L, n, width): each channel has its head's numbers. */
  private NDArray perChannel(NDArray x, NDArray hidden) {
    Shape shape = x.getShape();
    long channels = hidden.getShape().get(2) / heads;
    return x.transpose(0, 2, 3, 1)
        .expandDims(4)
        .broadcast(new Shape(shape.get(0), shape.get(2), shape.get(3), heads, channels))
        .reshape(shape.get(0), shape.get(2), shape.get(3), heads * channels);
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    return output.forward(pass, inner(pass, hidden, sequences.valid()));
  }
}
