package org.attentionzoo.blocks.papers.cab;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import java.util.Optional;
import java.util.Set;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;

/** What a {@link PatternAttention} does between its projections. */
public interface PatternCore {

  /**
   * The patterns that it supports.
   *
   * @return at least one
   */
  Set<AttentionPattern> patterns();

  /**
   * Attends.
   *
   * @param pass what the pass carries; with a cache, causal self attention continues its sequences
   * @param owner whose taps and state these are
   * @param pattern one of {@link #patterns}
   * @param heads queries, keys and values
   * @return (B, H, Lt, d)
   */
  NDArray attend(Pass pass, Block owner, AttentionPattern pattern, Heads heads);

  /**
   * What it has beside the projections: its parameters and children become the attention's own.
   *
   * @return empty for nothing
   */
  default Optional<ZooBlock> weights() {
    return Optional.empty();
  }

  /**
   * The taps that it offers as its owner's.
   *
   * @return possibly none
   */
  default Set<String> tapPoints() {
    return Set.of();
  }
}
