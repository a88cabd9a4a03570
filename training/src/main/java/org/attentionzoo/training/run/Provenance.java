package org.attentionzoo.training.run;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.JniUtils;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.attentionzoo.blocks.kernels.ProductLibrary;
import org.attentionzoo.training.Task;

/** What a run was made from, beside its config. */
final class Provenance {

  private static final String RESUMED = "resumed";
  private static final int PATIENCE_SECONDS = 5;

  private Provenance() {}

  /**
   * Collects it.
   *
   * @param caller what the caller adds, for example the command line
   * @param task the task
   * @param manager says which device is used
   * @return in the order in which it is written
   */
  static Map<String, Object> collect(Map<String, Object> caller, Task task, NDManager manager) {
    Map<String, Object> found = new LinkedHashMap<>(caller);
    found.put("started", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    gitCommit().ifPresent(commit -> found.put("git_commit", commit));
    found.put("data", task.description());
    found.putAll(decidingBits(manager));
    found.put("djl", Engine.getDjlVersion());
    found.put("java", System.getProperty("java.version"));
    found.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    return found;
  }

  /** Under other ones a step gives the same but for rounding. */
  private static Map<String, Object> decidingBits(NDManager manager) {
    Map<String, Object> found = new LinkedHashMap<>();
    found.put("device", manager.getDevice().toString());
    found.put("threads", JniUtils.getNumThreads());
    found.put("products", ProductLibrary.isOneDnnFaster() ? "onednn" : "mkl");
    found.put("pytorch", Engine.getInstance().getVersion());
    return found;
  }

  /**
   * What is not as it was when a run began, and decides its bits.
   *
   * @param before the run's provenance
   * @param manager says which device is used now
   * @return what it is now, by name
   */
  static Map<String, Object> changes(Map<String, Object> before, NDManager manager) {
    Map<String, Object> changes = decidingBits(manager);
    changes
        .entrySet()
        .removeIf(
            now -> {
              Object then = before.get(now.getKey());
              return then == null || then.toString().equals(now.getValue().toString());
            });
    return changes;
  }

  /**
   * What a user should know of changes.
   *
   * @param before the run's provenance
   * @param changes what has changed since
   * @return a sentence for each
   */
  static List<String> notes(Map<String, Object> before, Map<String, Object> changes) {
    List<String> notes = new ArrayList<>();
    changes.forEach(
        (name, now) ->
            notes.add(
                "the run began with "
                    + name
                    + " "
                    + before.get(name)
                    + " and goes on with "
                    + now
                    + ": its steps are no longer those of one run to the last bit"));
    return notes;
  }

  /**
   * The provenance of a run that goes on.
   *
   * @param before its provenance so far
   * @param changes what has changed since it began
   * @param step how many steps were done before
   * @return with the changes under {@code resumed}, if there are any
   */
  static Map<String, Object> resumed(
      Map<String, Object> before, Map<String, Object> changes, long step) {
    Map<String, Object> provenance = new LinkedHashMap<>(before);
    if (!changes.isEmpty()) {
      List<Object> resumed = new ArrayList<>();
      if (before.get(RESUMED) instanceof List<?> earlier) {
        resumed.addAll(earlier);
      }
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("after_step", step);
      entry.putAll(changes);
      resumed.add(entry);
      provenance.put(RESUMED, resumed);
    }
    return provenance;
  }

  /** The commit of the checkout that this code was built in, with -dirty if it was changed. */
  private static Optional<String> gitCommit() {
    try {
      Path code =
          Path.of(Provenance.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      Path folder = Files.isDirectory(code) ? code : code.getParent();
      Process git =
          new ProcessBuilder("git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
              .directory(folder.toFile())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (!git.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        git.destroyForcibly();
        return Optional.empty();
      }
      try (InputStream out = git.getInputStream()) {
        String commit = new String(out.readAllBytes(), StandardCharsets.UTF_8).strip();
        return git.exitValue() == 0 && !commit.isEmpty() ? Optional.of(commit) : Optional.empty();
      }
    } catch (IOException | URISyntaxException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }
}
