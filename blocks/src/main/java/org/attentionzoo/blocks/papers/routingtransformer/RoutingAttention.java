package org.attentionzoo.blocks.papers.routingtransformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;

/**
 * The attention of a Routing Transformer: some heads see a local window, the others route (Roy et
 * al. 2020, section 4.1). Each kind has projections of its own.
 *
 * <p>State dict: {@code local_attn}, {@code local_to_qkv}, {@code global_attn}, {@code to_q},
 * {@code to_v}, {@code to_k} (without shared keys) and {@code to_out}; without local heads their
 * part is missing, without routing heads theirs is empty.
 */
public final class RoutingAttention extends ZooBlock {

  /** The name of the loss that draws tokens towards centroids. */
  public static final String COMMITMENT = "routing.commitment";

  private final RoutingConfig config;
  private final int local;
  private final int routing;
  private final WindowAttention windows;
  private final Linear localProjection;
  private final KMeansAttention clusters;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear output;

  /**
   * The attention of a layer.
   *
   * @param config of the model
   * @param layer which layer, from 0
   */
  public RoutingAttention(RoutingConfig config, int layer) {
    this.config = config;
    local = config.localHeads().get(layer);
    routing = config.heads() - local;
    int width = config.width();
    windows =
        local == 0
            ? null
            : child(
                "local_attn",
                new WindowAttention(
                    config.localWindow(),
                    config.radius(),
                    config.headWidth(),
                    config.causal(),
                    config.dropout()));
    localProjection =
        local == 0
            ? null
            : child("local_to_qkv", new Linear(width, 3L * local * config.headWidth()));
    clusters =
        routing == 0 ? null : child("global_attn", new KMeansAttention(config.routing(layer)));
    query = projection("to_q");
    value = projection("to_v");
    key = config.shared() ? null : projection("to_k");
    output = child("to_out", new Linear((long) config.heads() * config.headWidth(), width, false));
  }

  /** Where no head routes, the state dict has empty tensors, of which there is nothing to train. */
  private Linear projection(String name) {
    if (routing == 0) {
      child(name, new Empty(config.width()));
      return null;
    }
    return child(name, new Linear(config.width(), (long) routing * config.headWidth(), false));
  }

  private static final class Empty extends ZooBlock {

    Empty(int width) {
      buffer("weight", Initializers.constant(0), 0, width);
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      throw new UnsupportedOperationException("projects to nothing");
    }
  }

  /**
   * Attends.
   *
   * @param pass what the pass carries
   * @param x (B, L, width)
   * @param place where the tokens stand
   * @return (B, L, width), and the loss that draws tokens towards centroids (), if any head routes
   */
  NDList attend(Pass pass, NDArray x, Place place) {
    NDArray valid = place.valid();
    NDList heads = new NDList();
    NDList losses = new NDList();
    if (local > 0) {
      NDList all = Tensors.splitHeads(localProjection.forward(pass, x), 3, local);
      NDArray q = all.get(0);
      NDArray k = all.get(1);
      NDArray v = all.get(2);
      boolean inBlocks = pass.cache() == null && (valid == null || config.routesPadding());
      heads.add(
          inBlocks
              ? windows.blocks(pass, q, k, v, valid)
              : windows.pairs(pass, q, k, v, place.positions(), valid));
    }
    if (routing > 0) {
      NDArray q = RotaryAngles.rotate(split(query.forward(pass, x)), place.rows());
      NDArray v = RotaryAngles.rotate(split(value.forward(pass, x)), place.rows());
      NDArray k =
          config.shared() ? q : RotaryAngles.rotate(split(key.forward(pass, x)), place.rows());
      KMeansAttention.Clustered found = clusters.attend(pass, q, k, v, valid);
      heads.add(found.output());
      losses.add(found.loss());
    }
    NDArray joined = Tensors.joinHeads(Tensors.concat(heads, 1));
    NDList result = new NDList(output.forward(pass, joined));
    result.addAll(losses);
    return result;
  }

  /**
   * Where the tokens of a pass stand.
   *
   * @param positions (L) or (B, L) int64
   * @param rows (1 or B, 1, L, d) of the table of sines and cosines
   * @param valid (B, L) boolean, false where padded; null for all
   */
  record Place(NDArray positions, NDArray rows, NDArray valid) {}

  @Override
  public NDList forward(Pass pass, NDList inputs) {
    throw new UnsupportedOperationException("runs within its layer");
  }

  private NDArray split(NDArray x) {
    return Tensors.splitHeads(x, routing);
  }
}
