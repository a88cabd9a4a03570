package org.attentionzoo.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.ExitCode;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * Lets work end well when the process is told to end (Ctrl-C, SIGTERM): asks it to stop, and holds
 * the process until it did.
 */
final class Interruption implements AutoCloseable {

  /** How the shell reports a command that was ended by Ctrl-C. */
  static final int EXIT = 128 + ExitCode.USAGE;

  private static final Map<Signal, SignalHandler> ORDERLY = new LinkedHashMap<>();

  /** Whether the command has said all that it says. */
  private static final CountDownLatch SAID = new CountDownLatch(1);

  private static final long PATIENCE_SECONDS = 2;

  private final Runnable stop;
  private final PrintWriter err;
  private final CountDownLatch done = new CountDownLatch(1);
  private final Thread hook = new Thread(this::end, "interruption");

  private Interruption(Runnable stop, PrintWriter err) {
    this.stop = stop;
    this.err = err;
  }

  /**
   * From now on, unless work is asked to stop, signals end the process at once. The virtual machine
   * would otherwise unload the native engine while a thread still computes in it, and crash.
   */
  static void endAtOnce() {
    for (String name : List.of("INT", "TERM", "HUP")) {
      try {
        Signal signal = new Signal(name);
        ORDERLY.put(signal, Signal.handle(signal, SignalHandler.SIG_DFL));
      } catch (IllegalArgumentException e) {
        // No signal of this system, or left to the system by -Xrs: then it ends at once already.
        continue;
      }
    }
  }

  /** The command has ended and nothing of it is left to print. */
  static void commandHasEnded() {
    SAID.countDown();
  }

  /** Asks by {@code stop} until closed. */
  static Interruption asking(Runnable stop, PrintWriter err) {
    Interruption interruption = new Interruption(stop, err);
    Runtime.getRuntime().addShutdownHook(interruption.hook);
    ORDERLY.forEach(Signal::handle);
    return interruption;
  }

  /** What the virtual machine runs when it is told to end. */
  void end() {
    err.println();
    err.println("finishing the step, then saving (kill -9 ends at once) ...");
    err.flush();
    stop.run();
    try {
      done.await();
      // The work is over, but how it ended may not be printed yet.
      SAID.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether the virtual machine would run {@link #end}. */
  boolean isArmed() {
    boolean armed = Runtime.getRuntime().removeShutdownHook(hook);
    if (armed) {
      Runtime.getRuntime().addShutdownHook(hook);
    }
    return armed;
  }

  @Override
  public void close() {
    done.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
      ORDERLY.keySet().forEach(signal -> Signal.handle(signal, SignalHandler.SIG_DFL));
    } catch (IllegalStateException e) {
      // The process is ending already; that is what the hook was for.
      return;
    }
  }
}
