package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.attentionzoo.blocks.Devices;
import org.attentionzoo.models.Configs;
import org.attentionzoo.training.run.RunConfig;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every mistake of a user: one clear line, exit code 2, no stack trace, nothing left behind. */
class BadInputTest {

  @TempDir static Path folder;

  @BeforeAll
  static void makeData() throws IOException {
    Files.writeString(folder.resolve("text.txt"), "to be or not to be\n".repeat(200));
    Files.writeString(folder.resolve("short.txt"), "to be");
    Files.writeString(folder.resolve("text.onnx"), "no graph");
    Files.createDirectory(folder.resolve("empty"));
    Files.writeString(
        Files.createDirectory(folder.resolve("run")).resolve("config.yaml"),
        Configs.toYaml(RunConfig.of("decoder-tiny")) + "provenance: {}\n");
    Path binaries = Files.createDirectory(folder.resolve("binaries"));
    for (String name : List.of("a.class", "b.txt")) {
      Files.write(binaries.resolve(name), new byte[] {0, 1, 2, (byte) 0xCA, (byte) 0xFE, 0});
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "train | no model was given",
        "train steps=1 | no model was given",
        "train decoder-tinny --data text:text.txt | unknown model 'decoder-tinny'; did you mean"
            + " 'decoder-tiny'?",
        "train decoder-tiny | no data was given",
        "train sasrec-tiny | give for example --data interactions:ml-1m or --data item-order:",
        "train decoder-tiny --data text.txt | unknown data scheme 'text.txt'",
        "train decoder-tiny --data txt:text.txt | did you mean 'text'?",
        "train decoder-tiny --data text:missing.txt | missing.txt",
        "train decoder-tiny --data text:empty | empty",
        "train decoder-tiny --data text:short.txt | give more text",
        "train decoder-tiny --data text:binaries | (binary)",
        "train decoder-tiny --data text:text.txt steps=ten | 'steps' is 'ten'; expected a whole"
            + " number",
        "train decoder-tiny --data text:text.txt steps=0 | steps=0",
        "train decoder-tiny --data text:text.txt stps=1 | unknown key 'stps'; did you mean 'steps'?",
        "train decoder-tiny --data text:text.txt steps | expected key=value",
        "train decoder-tiny --data text:text.txt optimizer.lr=fast | 'optimizer.lr' is 'fast'",
        "train decoder-tiny --data text:text.txt optimizer.name=adamx | adamw",
        "train decoder-tiny --data text:text.txt model.layer=1 | did you mean 'layers'?",
        "train decoder-tiny --data text:text.txt model.layers=x | 'layers' is 'x'",
        "train decoder-tiny --data text:text.txt model.heads=7 | model: ",
        "train decoder-tiny --data text:text.txt task.lenght=9 | did you mean 'length'?",
        "train decoder-tiny --data text:text.txt task.length=-9 | length=-9",
        "train decoder-tiny --data text:text.txt --device tpu | unknown device 'tpu'; expected cpu",
        "train decoder-tiny --data text:text.txt --devise cpu | did you mean '--device'?",
        "train decoder-tiny --data text:text.txt data=text:other | 'data=text:other' set the same",
        "train decoder-tiny --device cpu device=gpu | 'device=gpu' set the same",
        "train missing.yaml | no recipe file missing.yaml",
        "train transformer/missing | unknown recipe",
        "train --resume missing | missing does not exist",
        "train --resume empty | empty is no run folder",
        "train --resume empty --out out | leave out --out",
        "eval | missing required parameter: 'RUN|MODEL'",
        "eval decoder-tiny --weights missing | missing is not there",
        "eval decoder-tiny --weights empty | holds no weights",
        "eval decoder-tiny --weights text.txt | neither a zip archive nor a pickle",
        "eval empty --allow-missing x | give it too",
        "train --resume empty --weights missing | leave out --weights",
        "generate empty model.width=8 | leave it out",
        "eval missing | missing does not exist",
        "eval empty | empty is no run folder",
        "eval decoder-tiny | add --weights FILE or give the folder of a run",
        "predict sasrec-tiny --input 1 | sasrec-tiny is a model or recipe, which has no weights of"
            + " its own; add --weights FILE",
        "predict sasrec/order --input 1 | add --weights FILE",
        "generate decoder | add --weights FILE",
        "eval text.onnx | text.onnx is an ONNX file, which pytorch does not run; add --engine"
            + " onnxruntime",
        "predict text.onnx --input 1 | text.onnx is an ONNX file, which only zoo eval takes",
        "generate text.onnx | give the folder of a run",
        "edit text.onnx prune-experts | give the folder of a run",
        "generate text.txt | text.txt is a file; give the folder of a run",
        "eval text.onnx --engine onnxruntime --device gpu | ONNX Runtime runs on the cpu here",
        "cab nosuch | 'zoo compare --list' shows the causal ones",
        "report run -o empty | empty is a folder; give a file for the page",
        "inspect /dev/null | /dev/null is no regular file; give a file of weights",
        "eval run --engine onnxruntime | run is no regular file; expected an ONNX model",
        "report run --png text.txt | --png text.txt is a file; give a folder",
        "export decoder-tiny -o empty --force | empty is a folder; give a file to write to",
        "export sasrec/torch -o model.onnx | models and recipes of the paper sasrec: sasrec,"
            + " sasrec/games",
        "generate missing | missing does not exist",
        "generate empty --length 0 | --length 0",
        "generate empty --length x | 'x' is not an int",
        "generate empty --temperature -1 | temperature=-1.0",
        "verify | missing required parameter: 'FOLDER'",
        "verify missing | missing does not exist",
        "verify text.txt | text.txt is no folder",
        "verify empty | no golden case in",
        "show titan | did you mean 'titans'?",
      })
  void getsOneClearLine(String line, String message) throws IOException {
    List<Path> before = files();
    Run run = Run.zoo(inFolder(line));
    assertThat(run.err().lines()).as(run.err()).hasSize(1);
    assertThat(run.err().replace(folder + "/", "")).contains(message);
    assertThat(run.err())
        .startsWith("zoo " + line.split(" ")[0] + ": ")
        .doesNotContain("Exception");
    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
    assertThat(files()).isEqualTo(before);
  }

  @Test
  void saysThatAGpuIsNotThere() {
    assumeFalse(Devices.builtForGpus(), "this libtorch is built for GPUs");
    Run run = Run.zoo(inFolder("train decoder-tiny --data text:text.txt --device gpu:1"));
    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err().lines()).singleElement().asString().contains("no device 'gpu:1'");
  }

  /** Puts the words that name files into the folder; a new run goes there too. */
  private static String[] inFolder(String line) {
    String[] words = line.split(" ");
    for (int i = 1; i < words.length; i++) {
      boolean path =
          words[i].startsWith("text:") || words[i].matches("missing|empty|run|text\\.(txt|onnx)");
      if (path && !words[i - 1].equals("--data")) {
        words[i] = folder.resolve(words[i]).toString();
      } else if (words[i].startsWith("text:")) {
        words[i] = "text:" + folder.resolve(words[i].substring("text:".length()));
      }
    }
    return words;
  }

  private static List<Path> files() throws IOException {
    try (var files = Files.walk(folder)) {
      return files.sorted().toList();
    }
  }
}
