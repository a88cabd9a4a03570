package org.attentionzoo.training.run;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Papers;

/**
 * A run in a process of its own, which begins or goes on and prints the steps it has done: {@code
 * ChildRun <folder> <tiny|zoo> <model or recipe> <key=value>...}.
 */
final class ChildRun {

  private ChildRun() {}

  /** Trains to the end, if nobody ends the process before. */
  public static void main(String[] arguments) {
    Path folder = Path.of(arguments[0]);
    Papers papers = papers(arguments[1]);
    List<String> settings = Arrays.asList(arguments).subList(3, arguments.length);
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    try (TrainingRun run = open(papers, folder, arguments[2], settings)) {
      run.addListener(
          new TrainingListener() {
            @Override
            public void started(long step, long steps) {
              out.println("started " + step);
            }

            @Override
            public void stepped(Progress progress) {
              out.println("step " + progress.step());
            }
          });
      run.train();
    }
    out.println("finished");
  }

  /** Begins a run, or goes on with the one that the folder holds. */
  static TrainingRun open(Papers papers, Path folder, String name, List<String> settings) {
    return Files.exists(folder.resolve("config.yaml"))
        ? TrainingRun.resume(papers, folder, List.of())
        : TrainingRun.start(papers, Recipes.resolve(papers, name, settings), folder, Map.of());
  }

  /** The tiny zoo of these tests, or that of the papers. */
  static Papers papers(String which) {
    return which.equals("tiny")
        ? new Papers(List.<PaperProvider>of(new TinyZoo.Provider()))
        : Papers.load();
  }
}
