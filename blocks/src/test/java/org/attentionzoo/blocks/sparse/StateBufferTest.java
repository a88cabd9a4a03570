package org.attentionzoo.blocks.sparse;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class StateBufferTest {

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private NDArray states(float... values) {
    return manager.create(values, new Shape(1, values.length, 1));
  }

  private NDArray row(float... values) {
    return manager.create(values, new Shape(1, values.length));
  }

  private StateBuffer empty() {
    return StateBuffer.empty(manager, 1, 3, 1, row(0));
  }

  @Test
  void theMostRelevantStay() {
    StateBuffer buffer = empty();
    assertThat(buffer.filled().toBooleanArray()).containsExactly(false, false, false);
    buffer = buffer.offer(states(1, 2, 3, 4), row(0.2f, 0.9f, 0, 0.5f));
    assertThat(buffer.states().toFloatArray()).containsExactly(2, 4, 1);
    assertThat(buffer.relevance().toFloatArray()).containsExactly(0.9f, 0.5f, 0.2f);
    buffer = buffer.offer(states(5, 6), row(0.3f, 1));
    assertThat(buffer.states().toFloatArray()).containsExactly(6, 2, 4);
  }

  @Test
  void whatIsNotUsedFades() {
    StateBuffer buffer = empty().offer(states(1, 2, 3), row(0.5f, 0.5f, 0.5f));
    for (int round = 0; round < 3; round++) {
      buffer = buffer.after(manager.create(new boolean[] {false, true, false}, new Shape(1, 3)));
    }
    assertThat(buffer.idle().toFloatArray()).containsExactly(3, 0, 3);
    // 0.5 * 0.9^3 is 0.36: newer states of less relevance take the places, but not of what was
    // used.
    buffer = buffer.offer(states(4, 5), row(0.4f, 0.45f));
    assertThat(buffer.states().toFloatArray()).containsExactly(2, 5, 4);
  }

  @Test
  void statesThatAreNotToBeKeptAreNot() {
    StateBuffer buffer = empty().offer(states(1, 2, 3), row(0, 0, 0));
    assertThat(buffer.filled().any().getBoolean()).isFalse();
  }

  @Test
  void eachSequenceHasItsOwn() {
    NDArray more = manager.create(new float[] {1, 2, 3, 4}, new Shape(2, 2, 1));
    NDArray theirs = manager.create(new float[] {1, 0, 0, 1}, new Shape(2, 2));
    StateBuffer none = StateBuffer.empty(manager, 2, 1, 1, theirs);
    StateBuffer buffer = none.offer(more, theirs);
    assertThat(buffer.states().toFloatArray()).containsExactly(1, 4);
    StateBuffer mixed = buffer.orElse(manager.create(new float[] {0, 1}, new Shape(2, 1)), none);
    assertThat(mixed.states().toFloatArray()).containsExactly(0, 4);
    assertThat(mixed.relevance().toFloatArray()).containsExactly(0, 1);
  }
}
