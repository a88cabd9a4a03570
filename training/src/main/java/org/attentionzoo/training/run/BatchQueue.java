package org.attentionzoo.training.run;

import ai.djl.ndarray.NDManager;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Semaphore;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.BatchSource;

/**
 * The training batches of a run in order. A number of them are prepared ahead on a thread of their
 * own; as a batch is a function of the seed and its number, they are the same as if they were
 * prepared when they are asked for.
 *
 * <p>For one thread. Closing ends the thread, after the batch that it is at, and frees what was not
 * taken.
 */
final class BatchQueue implements AutoCloseable {

  /**
   * A batch, or why there is none.
   *
   * @param scope owns the batch; whoever takes it closes it
   */
  private record Prepared(NDManager scope, Batch batch, Throwable failure) {}

  /**
   * A batch that was taken.
   *
   * @param scope owns it; to be closed when the batch is done
   * @param batch the batch
   */
  record Taken(NDManager scope, Batch batch) implements AutoCloseable {
    @Override
    public void close() {
      scope.close();
    }
  }

  private final BatchSource source;
  private final NDManager manager;
  private final long seed;
  private final long end;
  private final BlockingQueue<Prepared> queue;
  private final Semaphore room;
  private final Thread thread;
  private long next;
  private volatile boolean closed;

  /**
   * Starts.
   *
   * @param source makes the batches
   * @param manager the parent of what each batch needs
   * @param seed the run's seed
   * @param first the number of the first batch
   * @param end the number after the last
   * @param ahead how many are prepared ahead at most; 0 for none, on no thread
   */
  BatchQueue(BatchSource source, NDManager manager, long seed, long first, long end, int ahead) {
    this.source = source;
    this.manager = manager;
    this.seed = seed;
    this.end = end;
    next = first;
    queue = new ArrayBlockingQueue<>(Math.max(1, ahead));
    room = new Semaphore(ahead);
    thread = ahead == 0 ? null : new Thread(() -> fill(first), "zoo-batches");
    if (thread != null) {
      thread.setDaemon(true);
      thread.start();
    }
  }

  /**
   * The next batch; waits for it.
   *
   * @return to be closed when the batch is done
   * @throws RuntimeException what the source threw when it prepared this batch; likewise errors
   */
  Taken take() {
    long number = next++;
    Prepared prepared = thread == null ? prepare(number) : await();
    if (prepared.failure() instanceof RuntimeException e) {
      throw e;
    }
    if (prepared.failure() instanceof Error e) {
      throw e;
    }
    return new Taken(prepared.scope(), prepared.batch());
  }

  private Prepared await() {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          Prepared prepared = queue.take();
          room.release();
          return prepared;
        } catch (InterruptedException e) {
          // A step is finished before the run looks at who wants it to end.
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void fill(long first) {
    try (GradientMode ignored = GradientMode.off()) {
      for (long number = first; number < end && !closed; number++) {
        room.acquireUninterruptibly();
        if (closed) {
          return;
        }
        Prepared prepared = prepare(number);
        queue.add(prepared);
        if (prepared.failure() != null) {
          return;
        }
      }
    }
  }

  private Prepared prepare(long number) {
    NDManager scope = manager.newSubManager();
    try {
      return new Prepared(scope, source.training(scope, seed, number), null);
    } catch (RuntimeException | Error e) {
      scope.close();
      return new Prepared(null, null, e);
    }
  }

  @Override
  public void close() {
    if (thread == null) {
      return;
    }
    closed = true;
    room.release();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    for (Prepared left = queue.poll(); left != null; left = queue.poll()) {
      if (left.scope() != null) {
        left.scope().close();
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
