package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.Method;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What does not compute starts fast: it loads no class of the engine. */
class EngineFreeTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--help",
        "--version",
        "list",
        "list --json",
        "show titans",
        "show titans-mac-tiny",
        "completion",
        "train --help",
        "train titans-mc-tiny --data text:missing",
      })
  void loadsNoEngine(String line) throws ReflectiveOperationException, IOException {
    assertThat(loadedBy(line))
        .contains("org.attentionzoo.cli.Zoo")
        .noneMatch(EngineFreeTest::isEngine);
  }

  @Test
  void wouldNoticeOne() throws ReflectiveOperationException, IOException {
    assertThat(loadedBy("train titans-mac-tiny --data text:missing --device gpu"))
        .anyMatch(EngineFreeTest::isEngine);
  }

  private static boolean isEngine(String name) {
    return name.equals("ai.djl.engine.Engine") || name.startsWith("ai.djl.pytorch.");
  }

  private static List<String> loadedBy(String line)
      throws ReflectiveOperationException, IOException {
    try (Recorder recorder = new Recorder()) {
      Class<?> zoo = recorder.loadClass("org.attentionzoo.cli.Zoo");
      Object command = zoo.getMethod("commandLine").invoke(null);
      PrintWriter sink = new PrintWriter(new StringWriter());
      for (String setter : List.of("setOut", "setErr")) {
        command.getClass().getMethod(setter, PrintWriter.class).invoke(command, sink);
      }
      Method execute = command.getClass().getMethod("execute", String[].class);
      Thread thread = Thread.currentThread();
      ClassLoader context = thread.getContextClassLoader();
      thread.setContextClassLoader(recorder);
      try {
        execute.invoke(command, (Object) line.split(" "));
      } finally {
        thread.setContextClassLoader(context);
      }
      return recorder.names;
    }
  }

  /** Loads the whole class path anew and takes down what is asked of it. */
  private static final class Recorder extends URLClassLoader {
    private final List<String> names = new ArrayList<>();

    private Recorder() {
      super(classPath(), ClassLoader.getPlatformClassLoader());
    }

    private static URL[] classPath() {
      return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
          .map(
              entry -> {
                try {
                  return new File(entry).toURI().toURL();
                } catch (MalformedURLException e) {
                  throw new IllegalStateException(e);
                }
              })
          .toArray(URL[]::new);
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
      Class<?> found = super.findClass(name);
      names.add(name);
      return found;
    }
  }
}
