package org.attentionzoo.training.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.attentionzoo.blocks.Devices;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.BatchSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class BatchQueueTest {

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = Devices.manager(Device.cpu());
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, 50})
  void givesTheBatchesInOrderAndFreesThem(int ahead) {
    Numbers source = new Numbers();
    List<Float> values = new ArrayList<>();
    try (BatchQueue queue = new BatchQueue(source, manager, 7, 4, 30, ahead)) {
      for (int i = 4; i < 20; i++) {
        try (BatchQueue.Taken taken = queue.take()) {
          values.add(taken.batch().inputs().head().getFloat());
        }
      }
    }
    List<Float> expected = new ArrayList<>();
    for (int i = 4; i < 20; i++) {
      expected.add(7000f + i);
    }
    assertThat(values).isEqualTo(expected);
    assertThat(source.made).allMatch(NDArray::isReleased);
    assertThat(alive()).isEmpty();
  }

  @Test
  void preparesNoMoreThanItMay() throws InterruptedException {
    Numbers source = new Numbers();
    source.awaited = new CountDownLatch(3);
    try (BatchQueue queue = new BatchQueue(source, manager, 7, 0, 30, 3)) {
      assertThat(source.awaited.await(30, TimeUnit.SECONDS)).isTrue();
      for (int taken = 0; taken < 10; taken++) {
        try (BatchQueue.Taken batch = queue.take()) {
          // What was taken, three ahead of it, and none that had no room when it was begun.
          assertThat(source.made.size()).isLessThanOrEqualTo(taken + 1 + 3);
          assertThat(batch.batch().ids()).containsExactly(taken);
        }
      }
    }
    assertThat(source.made).allMatch(NDArray::isReleased);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2})
  void whatTheSourceThrowsArrivesWithItsBatch(int ahead) {
    Numbers source = new Numbers();
    source.broken = 3;
    try (BatchQueue queue = new BatchQueue(source, manager, 7, 0, 30, ahead)) {
      for (int i = 0; i < 3; i++) {
        queue.take().close();
      }
      assertThatThrownBy(queue::take).isInstanceOf(UserException.class).hasMessage("no batch 3");
    }
    assertThat(alive()).isEmpty();
    assertThat(source.made).allMatch(NDArray::isReleased);
  }

  private static List<String> alive() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter("zoo-batches"::equals)
        .toList();
  }

  /** Batch i holds seed * 1000 + i. */
  private static final class Numbers implements BatchSource {
    private final List<NDArray> made = Collections.synchronizedList(new ArrayList<>());
    private volatile CountDownLatch awaited = new CountDownLatch(0);
    private long broken = -1;

    @Override
    public Batch training(NDManager owner, long seed, long step) {
      if (step == broken) {
        throw new UserException("no batch " + step);
      }
      NDArray array = owner.create((float) (seed * 1000 + step));
      made.add(array);
      awaited.countDown();
      return new Batch(new NDList(array), new NDList(), new long[] {step});
    }

    @Override
    public int validationBatches() {
      return 1;
    }

    @Override
    public Batch validation(NDManager owner, int index) {
      return training(owner, 0, index);
    }
  }
}
