package org.attentionzoo.blocks.papers.seqboat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;

/** A table of one bias for each distance: {@code rel_pos_bias} (2 positions - 1). */
final class RelativeBias extends ZooBlock {

  private final Parameter table;

  RelativeBias(long positions) {
    table = parameter("rel_pos_bias", TruncatedNormal.of(0.02), 2 * positions - 1);
  }

  NDArray table(Pass pass, NDArray like) {
    return pass.value(table, like);
  }

  @Override
  public NDList forward(Pass pass, NDList inputs) {
    throw new UnsupportedOperationException("the table is read by attention");
  }
}
