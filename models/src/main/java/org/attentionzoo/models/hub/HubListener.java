package org.attentionzoo.models.hub;

import java.time.Duration;

/** Hears how a download goes on; called by the downloading thread. */
public interface HubListener {

  /** Hears nothing. */
  HubListener NONE = new HubListener() {};

  /**
   * The files to come are known.
   *
   * @param files how many are not there yet
   * @param bytes how many bytes they have together
   */
  default void planned(int files, long bytes) {}

  /**
   * A file begins.
   *
   * @param name its name
   * @param bytes its size
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
   * A file is there, under its own name.
   *
   * @param name its name
   * @param verified whether the hub told a hash of it, which was compared
   */
  default void finished(String name, boolean verified) {}
}
