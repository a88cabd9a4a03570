package org.attentionzoo.models.hub;

import java.io.IOException;
import java.time.Duration;

/** Repeats what fails in passing, after growing pauses. */
final class Retries {

  /** However much arrives in between, a download that breaks so often is given up. */
  private static final int MOST_ATTEMPTS = 200;

  private static final int MOST_DOUBLINGS = 6;

  private final HubSettings.Patience patience;
  private final HubListener listener;

  Retries(HubSettings.Patience patience, HubListener listener) {
    this.patience = patience;
    this.listener = listener;
  }

  /** What may have to be repeated. */
  interface Action<T> {
    T run() throws IOException, InterruptedException;
  }

  /** Tells whether anything arrived since it was last asked. */
  interface Progress {
    boolean wasMade() throws IOException;
  }

  <T> T run(String what, Action<T> action) throws IOException, InterruptedException {
    return run(what, action, () -> false);
  }

  /** As long as it gets on, its failures do not count. */
  <T> T run(String what, Action<T> action, Progress progress)
      throws IOException, InterruptedException {
    int failures = 0;
    for (int attempt = 1; ; attempt++) {
      try {
        return action.run();
      } catch (HubClient.PassingException e) {
        failures = progress.wasMade() ? 1 : failures + 1;
        if (failures >= patience.attempts() || attempt >= MOST_ATTEMPTS) {
          throw new HubException(
              e.getMessage()
                  + " (given up after "
                  + attempt
                  + " attempts; what arrived is kept for the next time)",
              e);
        }
        Duration delay =
            e.asked() != null
                ? e.asked()
                : patience.delay().multipliedBy(1L << Math.min(failures - 1, MOST_DOUBLINGS));
        listener.retrying(what, e.getMessage(), delay);
        Thread.sleep(delay.toMillis());
      }
    }
  }
}
