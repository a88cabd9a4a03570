package org.attentionzoo.eval.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.Configs;
import org.attentionzoo.training.run.RunConfig;
import org.attentionzoo.training.run.RunFolder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HtmlReportTest {

  @TempDir private Path folder;

  @Test
  void readsBackWhatARunWrote() throws IOException {
    RunHistory run = run("one", 3);
    assertThat(run.series().get("validation/loss").smallest())
        .isEqualTo(new RunHistory.Point(20, 1.5));
    assertThat(run.series().get("train/loss").last()).isEqualTo(new RunHistory.Point(30, 3));
    assertThat(run.series().get("train/items_per_second").points()).hasSize(1);
    assertThat(Plots.metrics(List.of(run))).containsExactly("loss", "accuracy", "items_per_second");
  }

  @Test
  void passesOverALastLineThatIsBeingWrittenAndRefusesADamagedOne() throws IOException {
    RunHistory run = run("live", 3);
    Path metrics = run.folder().resolve("metrics.jsonl");
    Files.writeString(metrics, Files.readString(metrics) + "{\"step\":40,\"lo");
    assertThat(RunHistory.read(run.folder()).series().get("train/loss").last().step())
        .isEqualTo(30);
    Files.writeString(metrics, "{\"step\n" + Files.readString(metrics));
    assertThatThrownBy(() -> RunHistory.read(run.folder()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("line 1");
    Files.write(metrics, new byte[] {(byte) 0xff, 0, '\n', '{', '}', '\n'});
    assertThatThrownBy(() -> RunHistory.read(run.folder()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("line 1 is no JSON object");
    Files.writeString(metrics, "{\"step\":1}\n[1]\n{\"step\":2}\n");
    assertThatThrownBy(() -> RunHistory.read(run.folder()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("line 2 is no JSON object");
  }

  @Test
  void isOnePageWithFiguresConfigAndMarkedDifferences() throws IOException {
    String page = HtmlReport.of(List.of(run("one", 3), run("<two>", 5)));
    assertThat(page)
        .contains("1.5000 after step 20", "&lt;two&gt;", "hash&amp;", "a sample")
        .contains("<tr class=\"differs\"><th>steps</th>")
        .contains("<tr><th>seed</th>")
        .doesNotContain("<two>", "http://", "https://", "src=\"/");
    assertThat(page.split("data:image/svg", -1)).hasSize(1 + 3);
  }

  @Test
  void showsControlCharactersAndOtherBytesOfSamplesAsReplaced() throws IOException {
    RunHistory run = run("one", 3);
    byte[] sample = {
      'a', 0, 7, '\t', '\n', 0x1b, 'b', 0x7f, (byte) 0xc2, (byte) 0x85, (byte) 0xff, 'c'
    };
    Files.write(run.folder().resolve(RunHistory.SAMPLE), sample);
    assertThat(HtmlReport.of(List.of(RunHistory.read(run.folder()))))
        .contains("a\ufffd\ufffd\t\n\ufffdb\ufffd\ufffd\ufffdc")
        .doesNotContainPattern("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]");
  }

  @Test
  void drawsPlotsForPrint() throws IOException {
    RunHistory run = run("one", 3);
    Path file = folder.resolve("loss.png");
    Plots.png("loss", List.of(run), file);
    assertThat(colours(ImageIO.read(file.toFile()))).hasSizeGreaterThan(5);
  }

  @Test
  void looksLikeAPageInABrowser() throws IOException, InterruptedException {
    Optional<Path> browser =
        Stream.of("chromium", "chromium-browser", "google-chrome")
            .map(name -> Path.of("/usr/bin", name))
            .filter(Files::isExecutable)
            .findFirst();
    assumeTrue(browser.isPresent(), "no Chromium on this machine: the page is not looked at");
    Path page = folder.resolve("report.html");
    Files.writeString(page, HtmlReport.of(List.of(run("one", 3), run("two", 5))));
    Path shot = folder.resolve("shot.png");
    Process process =
        new ProcessBuilder(
                browser.get().toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--user-data-dir=" + folder.resolve("profile"),
                "--window-size=1200,900",
                "--screenshot=" + shot,
                page.toUri().toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("browser.log").toFile())
            .start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    BufferedImage image = ImageIO.read(shot.toFile());
    assertThat(image.getWidth()).isEqualTo(1200);
    // The curves' own blue and orange are seen only if the embedded plots were drawn.
    assertThat(colours(image)).contains(0x0072B2, 0xD55E00);
  }

  private static Set<Integer> colours(BufferedImage image) {
    Set<Integer> colours = new HashSet<>();
    for (int x = 0; x < image.getWidth(); x++) {
      for (int y = 0; y < image.getHeight(); y++) {
        colours.add(image.getRGB(x, y) & 0xffffff);
      }
    }
    return colours;
  }

  private RunHistory run(String name, long steps) throws IOException {
    Path path = folder.resolve(name);
    RunConfig config =
        Configs.override(
            RunConfig.of("decoder-tiny"), List.of("data=text:data", "steps=" + steps * 10));
    RunFolder.create(path, config, Map.of("data", Map.of("sha256", "hash&")));
    Files.writeString(
        path.resolve("metrics.jsonl"),
        """
        {"step":10,"split":"train","loss":5.0,"accuracy":0.1}
        {"step":20,"split":"train","loss":4.0,"accuracy":0.2}
        {"step":20,"split":"validation","loss":1.5,"accuracy":0.3}
        {"step":30,"split":"train","loss":3.0,"accuracy":0.2}
        {"step":30,"split":"validation","loss":2.5,"accuracy":0.4}
        """);
    Files.writeString(
        path.resolve("timing.jsonl"), "{\"step\":10,\"seconds\":1.5,\"items_per_second\":9.5}\n");
    Files.writeString(path.resolve(RunHistory.SAMPLE), "a sample");
    return RunHistory.read(path);
  }
}
