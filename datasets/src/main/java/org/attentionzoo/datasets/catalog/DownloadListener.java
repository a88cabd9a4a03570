package org.attentionzoo.datasets.catalog;

import java.time.Duration;

/** Hears how a download goes on; called by the downloading thread. */
public interface DownloadListener {

  /** Hears nothing. */
  DownloadListener NONE = new DownloadListener() {};

  /**
   * A file begins.
   *
   * @param name its name
   * @param bytes its size; -1 if not known
   */
  default void started(String name, long bytes) {}

  /**
   * Bytes are there; of an earlier attempt, or of this one.
   *
   * @param name the file's name
   * @param bytes how many of its bytes are on disk now; less than before if it begins anew
   */
  default void advanced(String name, long bytes) {}

  /**
   * Something failed and is tried again.
   *
   * @param name the file's name
   * @param reason what failed
   * @param delay how long is waited before
   */
  default void retrying(String name, String reason, Duration delay) {}

  /**
   * A file is there whole.
   *
   * @param name its name
   * @param verified whether its hash was compared with a pinned one
   */
  default void finished(String name, boolean verified) {}
}
