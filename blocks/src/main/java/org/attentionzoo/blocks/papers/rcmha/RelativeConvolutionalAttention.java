package org.attentionzoo.blocks.papers.rcmha;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.Set;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.attention.Masks;
import org.attentionzoo.blocks.attention.RelativePositionBias;
import org.attentionzoo.blocks.attention.SeenKeys;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;

/**
 * Relative convolutional multi-head attention (Sugiharto et al. 2023): queries, keys and values
 * pass a causal depthwise convolution of three taps, and scores have the terms of relative
 * positions of Transformer-XL with learned tables. Either may be left out: without positions it is
 * MDHA, without the convolution RMHA, without both plain multi-head attention.
 *
 * <p>State dict, as in the official code: {@code query.0.linear}, {@code query.1.conv}, the same of
 * {@code key} and {@code value}, {@code key_pos_embeddings} (2 reach, heads, d), {@code
 * key_pos_bias} (2 reach, heads), {@code query_pos_bias} (heads, d), {@code output}.
 */
public final class RelativeConvolutionalAttention extends MixerBlock {

  private final RcmhaConfig config;
  private final HeadProjection query;
  private final HeadProjection key;
  private final HeadProjection value;
  private final Parameter embeddings;
  private final Parameter biases;
  private final Parameter queryBias;
  private final Linear output;

  /**
   * Attention.
   *
   * @param config its sizes and switches
   */
  public RelativeConvolutionalAttention(RcmhaConfig config) {
    this.config = config;
    query = child("query", new HeadProjection(config, false));
    key = child("key", new HeadProjection(config, false));
    value = child("value", new HeadProjection(config, true));
    long rows = 2L * config.reach();
    embeddings =
        config.relative()
            ? table("key_pos_embeddings", rows, config.heads(), config.headWidth())
            : null;
    biases = config.relative() ? table("key_pos_bias", rows, config.heads()) : null;
    queryBias =
        config.relative() ? table("query_pos_bias", config.heads(), config.headWidth()) : null;
    output = child("output", new Linear(config.width(), config.width()));
  }

  private Parameter table(String name, long... shape) {
    return parameter(name, Initializers.constant(0), shape);
  }

  /** {@inheritDoc} */
  @Override
  public String role() {
    return "attention";
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return true;
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(DotProductAttention.PATTERN);
  }

  /**
   * Attends from a segment to a memory and the segment itself. The convolution of the queries
   * starts anew, that of keys and values sees the memory, as in the official code.
   *
   * @param pass what the pass carries; without a cache
   * @param segment (B, L, width)
   * @param keys (B, M + L, width) what keys are made of: the memory, then the segment
   * @param values (B, M + L, width) what values are made of
   * @param mask boolean, broadcastable to (B, 1, L, M + L), true where a key may be seen; null for
   *     all
   * @return (B, L, width)
   */
  public NDArray attend(Pass pass, NDArray segment, NDArray keys, NDArray values, NDArray mask) {
    NDArray q = query.project(pass, segment, null);
    NDArray k = key.project(pass, keys, null);
    NDArray v = value.project(pass, values, null);
    long length = k.getShape().get(2);
    NDArray keyPositions = q.getManager().arange(0, (int) length, 1, DataType.INT64, q.getDevice());
    NDArray positions = keyPositions.get("{}:", length - q.getShape().get(2));
    return attend(pass, q, k, v, positions, keyPositions, mask);
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    NDArray q = query.project(pass, hidden, sequences.valid());
    NDArray k = key.project(pass, hidden, sequences.valid());
    NDArray v = value.project(pass, hidden, sequences.valid());
    NDArray positions = sequences.positions(pass, this, hidden);
    NDArray keyPositions = positions;
    NDArray valid = sequences.valid();
    if (pass.cache() != null) {
      DecodeState state = pass.cache().of(this);
      valid = perRow(valid, hidden);
      positions = perRow(positions, hidden);
      SeenKeys seen = SeenKeys.behind(state, 2, k, v, valid, positions);
      seen.remember(state);
      k = seen.keys();
      v = seen.values();
      valid = seen.valid();
      keyPositions = seen.positions();
    }
    return attend(pass, q, k, v, positions, keyPositions, mask(q, k, valid));
  }

  private NDArray attend(
      Pass pass,
      NDArray q,
      NDArray k,
      NDArray v,
      NDArray positions,
      NDArray keyPositions,
      NDArray mask) {
    double scale = 1 / Math.sqrt(config.headWidth());
    NDArray bias =
        config.relative()
            ? RelativePositionBias.bias(
                q,
                k,
                pass.value(embeddings, q),
                pass.value(biases, q),
                pass.value(queryBias, q),
                positions,
                keyPositions,
                scale)
            : null;
    NDArray context =
        DotProductAttention.attend(pass, this, q, k, v, mask, bias, false, scale, config.dropout());
    NDArray merged = Tensors.joinHeads(context);
    return output.forward(pass, merged);
  }

  /** (B, L) of what is null (nothing padded), shared by the rows, or (B, L) already. */
  private static NDArray perRow(NDArray array, NDArray hidden) {
    long batch = hidden.getShape().get(0);
    long length = hidden.getShape().get(1);
    if (array == null) {
      return hidden.getManager().ones(new Shape(batch, length), DataType.BOOLEAN);
    }
    return array.getShape().dimension() == 2
        ? array
        : array.expandDims(0).broadcast(new Shape(batch, length));
  }

  private static NDArray mask(NDArray q, NDArray k, NDArray valid) {
    NDArray earlier = Masks.causal(q, q.getShape().get(2), k.getShape().get(2));
    return Masks.both(earlier, Masks.keys(valid));
  }
}
