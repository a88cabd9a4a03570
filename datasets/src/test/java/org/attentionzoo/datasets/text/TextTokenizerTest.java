package org.attentionzoo.datasets.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.text.TextTokenizer.Tokens;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TextTokenizerTest {

  /** Made for this test. */
  private static final Path SMALL = Path.of("src/test/resources/tokenizers/small");

  private static final Path BYTE_PAIRS = Path.of("src/test/resources/tokenizers/bytepairs");

  @TempDir Path folder;

  private static TextTokenizer small(int maximum) {
    return TextTokenizer.open(SMALL, maximum);
  }

  @Test
  void encodesTextsWithOffsetsInTheirCharacters() {
    try (TextTokenizer tokenizer = small(0)) {
      assertThat(tokenizer.vocabulary()).isEqualTo(16);
      assertThat(tokenizer.paddingToken()).isZero();
      assertThat(tokenizer.specialToken("[MASK]")).isEqualTo(4);
      List<Tokens> all = tokenizer.encode(List.of("The cats sat", "\uD83D\uDE00 cat", ""));
      assertThat(all.get(0).ids()).containsExactly(1, 5, 6, 10, 9, 2);
      assertThat(all.get(0).starts()).containsExactly(-1, 0, 4, 7, 9, -1);
      assertThat(all.get(0).ends()).containsExactly(-1, 3, 7, 8, 12, -1);
      assertThat(all.get(0).truncated()).isFalse();
      // the first is two chars of a String: offsets are the String's
      assertThat(all.get(1).ids()).containsExactly(1, 3, 6, 2);
      assertThat("\uD83D\uDE00 cat".substring(all.get(1).starts()[2], all.get(1).ends()[2]))
          .isEqualTo("cat");
      assertThat(all.get(2).ids()).containsExactly(1, 2);
      assertThat(tokenizer.encode(List.of())).isEmpty();
    }
  }

  @Test
  void encodesPairsWithTypes() {
    try (TextTokenizer tokenizer = small(0)) {
      Tokens pair = tokenizer.encode(List.of("the cat"), List.of("\uD83D\uDE00 dog")).get(0);
      assertThat(pair.ids()).containsExactly(1, 5, 6, 2, 3, 7, 2);
      assertThat(pair.types()).containsExactly(0, 0, 0, 0, 1, 1, 1);
      assertThat("\uD83D\uDE00 dog".substring(pair.starts()[5], pair.ends()[5])).isEqualTo("dog");
      assertThatThrownBy(() -> tokenizer.encode(List.of("a"), List.of()))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void cutsOffWhatIsTooLongAndSaysSo() {
    try (TextTokenizer tokenizer = small(5)) {
      List<Tokens> all = tokenizer.encode(List.of("the cat sat the cat sat", "the cat sat"));
      assertThat(all.get(0).ids()).containsExactly(1, 5, 6, 9, 2);
      assertThat(all.get(0).truncated()).isTrue();
      assertThat(all.get(1).ids()).containsExactly(1, 5, 6, 9, 2);
      assertThat(all.get(1).truncated()).isFalse();
      Tokens pair = tokenizer.encode(List.of("the cat sat"), List.of("a dog")).get(0);
      assertThat(pair.ids()).hasSize(5);
      assertThat(pair.truncated()).isTrue();
    }
  }

  @Test
  void decodes() {
    try (TextTokenizer tokenizer = small(0)) {
      long[] ids = tokenizer.encode(List.of("the cats sat")).get(0).ids();
      assertThat(tokenizer.decode(ids, true)).isEqualTo("the cats sat");
      assertThat(tokenizer.decode(ids, false)).startsWith("[CLS]").endsWith("[SEP]");
      assertThatThrownBy(() -> tokenizer.decode(new long[] {16}, true))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("16");
      assertThatThrownBy(() -> tokenizer.decode(new long[] {-1}, true))
          .isInstanceOf(UserException.class);
    }
  }

  @Test
  void fillsUpToTheLongest() {
    try (TextTokenizer tokenizer = small(0);
        NDManager manager = NDManager.newBaseManager()) {
      NDList arrays = tokenizer.arrays(manager, List.of(new long[] {1, 5, 2}, new long[] {1}));
      assertThat(arrays.get(0).getShape()).isEqualTo(new Shape(2, 3));
      assertThat(arrays.get(0).toLongArray()).containsExactly(1, 5, 2, 1, 0, 0);
      assertThat(arrays.get(1).getDataType()).isEqualTo(DataType.BOOLEAN);
      assertThat(arrays.get(1).toBooleanArray())
          .containsExactly(true, true, true, true, false, false);
    }
  }

  /** By hand: bytes of UTF-8, a blank shown as U+0120, pairs merged in the order of the file. */
  @Test
  void readsGpt2sBytePairs() {
    try (TextTokenizer tokenizer = TextTokenizer.open(BYTE_PAIRS, 0)) {
      Tokens tokens = tokenizer.encode(List.of("cat sat cat")).get(0);
      List<String> names = List.of("[CLS]", "cat", "\u0120sat", "\u0120cat", "[SEP]");
      assertThat(tokens.ids()).containsExactly(ids(names));
      assertThat(tokenizer.decode(tokens.ids(), true)).isEqualTo("cat sat cat");
      // e with acute is two bytes, C3 and A9
      assertThat(tokenizer.encode(List.of("\u00e9")).get(0).ids())
          .containsExactly(ids(List.of("[CLS]", "\u00c3", "\u00a9", "[SEP]")));
      assertThat(tokenizer.encode(List.of("cat[MASK]")).get(0).ids()).containsExactly(1, 14, 4, 2);
      Tokens pair = tokenizer.encode(List.of("cat"), List.of("dog")).get(0);
      assertThat(pair.ids()).containsExactly(ids(List.of("[CLS]", "cat", "[SEP]", "dog", "[SEP]")));
      assertThat(pair.types()).containsExactly(0, 0, 0, 1, 1);
    }
  }

  private static long[] ids(List<String> names) {
    List<String> all =
        List.of(
            "[PAD]",
            "[CLS]",
            "[SEP]",
            "[UNK]",
            "[MASK]",
            "a",
            "c",
            "s",
            "t",
            "o",
            "d",
            "g",
            "\u0120",
            "at",
            "cat",
            "\u0120c",
            "\u0120cat",
            "og",
            "dog",
            "\u00c3",
            "\u00a9",
            "sat",
            "\u0120s",
            "\u0120sat");
    return names.stream().mapToLong(all::indexOf).toArray();
  }

  @Test
  void makesATokenizerOfTheMostFrequentWords() {
    List<String> texts = List.of("b a  a c", "C c\td b", "[PAD] e");
    try (TextTokenizer tokenizer = TextTokenizer.ofWords(texts, 8, 6)) {
      // c three times, then a and b twice; d and e are left out
      assertThat(tokenizer.vocabulary()).isEqualTo(8);
      assertThat(tokenizer.encode(List.of("A b c d E")).get(0).ids())
          .containsExactly(1, 6, 7, 5, 3, 2);
      assertThat(tokenizer.decode(new long[] {1, 6, 7, 2}, true)).isEqualTo("a b");
    }
    assertThatThrownBy(() -> TextTokenizer.ofWords(texts, 5, 6)).isInstanceOf(UserException.class);
  }

  @Test
  void theEngineStaysPyTorch() {
    try (TextTokenizer tokenizer = small(0);
        NDManager manager = NDManager.newBaseManager();
        NDArray array = manager.ones(new Shape(1))) {
      assertThat(tokenizer.vocabulary()).isPositive();
      assertThat(Engine.getAllEngines()).contains("Rust", "PyTorch");
      assertThat(Engine.getDefaultEngineName()).isEqualTo("PyTorch");
      assertThat(manager.getEngine().getEngineName()).isEqualTo("PyTorch");
      assertThat(array.getFloat()).isEqualTo(1);
    }
  }

  /** Opens a tokenizer; run in a process of its own by the test below. */
  static final class Opening {
    private Opening() {}

    public static void main(String[] args) {
      try (TextTokenizer tokenizer = small(0)) {
        System.out.println("tokens " + tokenizer.encode(List.of("the cat")).get(0).ids().length);
      }
    }
  }

  @Test
  void theNativeLibraryComesFromTheJar() throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-DDJL_CACHE_DIR=" + folder,
            "-DENGINE_CACHE_DIR=" + folder,
            // every connection goes to a port where nobody listens
            "-Dhttp.proxyHost=127.0.0.1",
            "-Dhttp.proxyPort=9",
            "-Dhttps.proxyHost=127.0.0.1",
            "-Dhttps.proxyPort=9",
            "-cp",
            System.getProperty("java.class.path"),
            Opening.class.getName());
    builder.environment().put("OPT_OUT_TRACKING", "true");
    Process process = builder.redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output).contains("tokens 4");
    try (Stream<Path> files = Files.walk(folder)) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .anyMatch(n -> n.contains("tokenizers."));
    }
  }

  @Test
  void saysWhatCannotBeRead() throws IOException {
    assertThatThrownBy(() -> TextTokenizer.open(folder, 0))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no tokenizer.json");
    Path model = Files.writeString(folder.resolve("spm.model"), "x");
    for (Path given : List.of(folder, model)) {
      assertThatThrownBy(() -> TextTokenizer.open(given, 0))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("SentencePiece")
          .hasMessageContaining("tokenizer.json");
    }
    Path file = folder.resolve("tokenizer.json");
    for (String text :
        List.of(
            "",
            "[]",
            "{",
            "{}",
            "{\"model\": {\"vocab\": {\"a\": 0}}}",
            "{\"version\": \"1.0\", \"model\": {\"type\": \"Nothing\", \"vocab\": {\"a\": 0}}}")) {
      Files.writeString(file, text);
      assertThatThrownBy(() -> TextTokenizer.open(file, 0))
          .as(text)
          .isInstanceOf(UserException.class)
          .hasMessageContaining("tokenizer.json");
    }
    assertThatThrownBy(() -> TextTokenizer.open(folder.resolve("nowhere"), 0))
        .isInstanceOf(UserException.class);
    assertThatThrownBy(() -> TextTokenizer.open(SMALL, -1)).isInstanceOf(UserException.class);
    try (TextTokenizer tokenizer = small(0)) {
      assertThatThrownBy(() -> tokenizer.specialToken("[MISS]"))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("[MASK]");
    }
  }
}
