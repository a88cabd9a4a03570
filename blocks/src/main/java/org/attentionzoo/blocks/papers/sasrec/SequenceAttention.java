package org.attentionzoo.blocks.papers.sasrec;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import java.util.Set;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;

/**
 * SASRec's attention (Kang and McAuley 2018, equation 3): softmax(Q K^T / sqrt(d / h)) V with Q
 * projected from one input and K, V from another, since the paper's code normalises only the
 * queries. Heads are contiguous slices of the channels.
 *
 * <p>State dict, as PyTorch's MultiheadAttention: {@code in_proj_weight} (3 d, d) and {@code
 * in_proj_bias} (3 d) in the order q, k, v; {@code out_proj} unless there is none.
 */
public final class SequenceAttention extends ZooBlock {

  private final SasRecConfig config;
  private final Parameter weight;
  private final Parameter bias;
  private final Linear output;

  /**
   * An attention block.
   *
   * @param config hidden, heads, dropout, causal; norm decides the initial weights and whether
   *     there is an output projection
   */
  public SequenceAttention(SasRecConfig config) {
    this.config = config;
    long width = config.hidden();
    boolean official = config.norm() == SasRecConfig.Norm.OFFICIAL;
    weight =
        parameter(
            "in_proj_weight",
            official
                ? Initializers.xavierUniform(width, width)
                : SelfAttentiveRecommender.xavierNormal(width, 3 * width),
            3 * width,
            width);
    Initializer zero = Initializers.constant(0);
    bias = parameter("in_proj_bias", zero, 3 * width);
    output =
        official
            ? null
            : child(
                "out_proj",
                new Linear(
                    width, width, SelfAttentiveRecommender.xavierNormal(width, width), zero));
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(DotProductAttention.PATTERN);
  }

  /**
   * Attends.
   *
   * @param pass what the pass carries
   * @param inputs queries (B, L, d); optionally what keys and values are projected from (B, L, d),
   *     otherwise the same
   * @return (B, L, d)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray queries = inputs.get(0);
    return new NDList(forward(pass, queries, inputs.size() > 1 ? inputs.get(1) : queries, null));
  }

  /**
   * Attends.
   *
   * @param pass what the pass carries
   * @param queries (B, L, d) what queries are projected from
   * @param keys (B, L, d) what keys and values are projected from
   * @param allowed boolean (B, 1, 1, L), false for keys that nobody may see; null for none
   * @return (B, L, d); a query that may see no key gives zeros before the output projection
   */
  public NDArray forward(Pass pass, NDArray queries, NDArray keys, NDArray allowed) {
    int width = config.hidden();
    NDArray q = project(pass, queries, 0, width);
    NDList kv = project(pass, keys, width, 3 * width).split(2, 2);
    NDArray mixed =
        DotProductAttention.attend(
            pass,
            this,
            Tensors.splitHeads(q, config.heads()),
            Tensors.splitHeads(kv.get(0), config.heads()),
            Tensors.splitHeads(kv.get(1), config.heads()),
            allowed,
            null,
            config.causal(),
            1 / Math.sqrt((double) width / config.heads()),
            config.dropout());
    NDArray joined = Tensors.joinHeads(mixed);
    return output == null ? joined : output.forward(pass, joined);
  }

  private NDArray project(Pass pass, NDArray x, int from, int to) {
    NDArray w = pass.value(weight, x).get("{}:{}", from, to);
    w.attach(x.getManager());
    NDArray b = pass.value(bias, x).get("{}:{}", from, to);
    b.attach(x.getManager());
    return Linear.project(pass, x, w, b);
  }

  /** (B, L, d) to (B, h, L, d / h). */
}
