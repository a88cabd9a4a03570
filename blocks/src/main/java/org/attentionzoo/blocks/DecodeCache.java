package org.attentionzoo.blocks;

import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * What a model remembers between the pieces of sequences that it processes one after the other: a
 * {@link DecodeState} for each block that asks for one. With a cache in the {@link Pass}, a
 * sequence given in pieces of any lengths gives the same outputs as the whole sequence at once.
 *
 * <p>For one thread. Closing frees all states.
 */
public final class DecodeCache implements AutoCloseable {

  private final NDManager manager;
  private final Map<Block, DecodeState> states = new IdentityHashMap<>();

  /**
   * Creates an empty cache: sequences start at position 0.
   *
   * @param parent the manager whose device the states live on; closing it closes the cache
   */
  public DecodeCache(NDManager parent) {
    this.manager = parent.newSubManager();
  }

  /**
   * The state of a block, empty at first.
   *
   * @param owner the block
   * @return its state
   */
  public DecodeState of(Block owner) {
    return states.computeIfAbsent(owner, b -> new DecodeState(manager));
  }

  /**
   * The size of everything that is remembered.
   *
   * @return bytes of all tensors of all states
   */
  public long bytes() {
    return states.values().stream().mapToLong(DecodeState::bytes).sum();
  }

  /** Frees all states. */
  @Override
  public void close() {
    states.clear();
    manager.close();
  }
}
