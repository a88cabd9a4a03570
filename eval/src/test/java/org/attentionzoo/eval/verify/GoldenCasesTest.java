package org.attentionzoo.eval.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.eval.bench.Workload;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.PaperCard;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Papers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The official numbers of every paper that is built. */
class GoldenCasesTest {

  private static final long MOST_BYTES_IN_PROJECT = 256 * 1024;
  private static final Papers PAPERS = Papers.load();
  private static final GoldenVerifier VERIFIER = new GoldenVerifier(PAPERS, Device.cpu());

  static List<Path> casesInProject() {
    return GoldenFolders.cases(GoldenFolders.inProject());
  }

  @ParameterizedTest
  @MethodSource("casesInProject")
  void agreesWithTheOfficialCode(Path folder) {
    CaseReport report = VERIFIER.verify(folder);
    assertThat(report.passed()).as(String.join("\n", report.describe())).isTrue();
    // What is not read was not compared either, whatever the case is called.
    assertThat(report.paths()).allSatisfy(path -> assertThat(path.unread()).isEmpty());
  }

  @ParameterizedTest
  @MethodSource("casesInProject")
  void canBeTimed(Path folder) {
    try (NDManager manager = NDManager.newBaseManager();
        Workload workload = Workload.ofCase(manager, folder, PAPERS)) {
      workload.predict();
      try {
        workload.forwardBackward();
      } catch (UserException e) {
        assertThat(e).hasMessageContaining("the first output").hasMessageContaining("; expected");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("casesInProject")
  void isSmallEnoughToTravelWithTheProject(Path folder) throws IOException {
    assertThat(bytes(folder)).isLessThanOrEqualTo(MOST_BYTES_IN_PROJECT);
  }

  @Test
  void agreesWithTheCasesThatAreTooLargeForTheProject() {
    Path root = GoldenFolders.reachable().orElse(null);
    if (root == null) {
      abort("neither ZOO_GOLDEN nor ZOO_DATA leads to a folder of golden cases");
    }
    Set<String> targets =
        PAPERS.goldenTargets().stream().map(GoldenTarget::name).collect(Collectors.toSet());
    Set<String> papers = PAPERS.all().stream().map(PaperProvider::id).collect(Collectors.toSet());
    List<CaseReport> failed =
        GoldenFolders.cases(root).stream()
            .filter(f -> papers.contains(f.getParent().getFileName().toString()))
            .filter(f -> !Files.exists(GoldenFolders.inProject().resolve(root.relativize(f))))
            .map(VERIFIER::verify)
            .filter(r -> targets.contains(r.target()))
            .filter(r -> !r.passed())
            .toList();
    assertThat(failed)
        .as(failed.stream().flatMap(r -> r.describe().stream()).collect(Collectors.joining("\n")))
        .isEmpty();
  }

  static List<String> papers() {
    return PAPERS.all().stream().map(PaperProvider::id).toList();
  }

  @ParameterizedTest
  @MethodSource("papers")
  void hasAGoldenCaseOrAReason(String id) {
    boolean hasCase = Files.isDirectory(GoldenFolders.inProject().resolve(id));
    boolean hasReason = PaperCard.of(id).noGoldenCase().filter(r -> !r.isBlank()).isPresent();
    assertThat(hasCase || hasReason)
        .as(id + " has neither a golden case nor the reason why not (noGoldenCase on its card)")
        .isTrue();
  }

  private static long bytes(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.mapToLong(f -> f.toFile().length()).sum();
    }
  }
}
