package org.attentionzoo.datasets.tabular;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.attentionzoo.blocks.UserException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TextTableTest {

  @TempDir Path folder;

  private TextTable csv(String text) throws IOException {
    return TextTable.csv(Files.writeString(folder.resolve("t.csv"), text));
  }

  private TextTable lines(String text) throws IOException {
    return TextTable.jsonLines(Files.writeString(folder.resolve("t.jsonl"), text));
  }

  @Test
  void readsQuotesAsTheStandardSays() throws IOException {
    TextTable table = csv("a,\"b \"\"c\"\"\",d\r\n1,\"x,\ny\",\r\n\r\n2,\"\",\"é\"\n");
    assertThat(table.columns()).containsExactly("a", "b \"c\"", "d");
    assertThat(table.rows()).hasSize(2);
    assertThat(table.rows().get(0)).containsExactly("1", "x,\ny", "");
    assertThat(table.rows().get(1)).containsExactly("2", "", "é");
    assertThat(table.number(1, table.column("a"))).isEqualTo(2f);
  }

  @Test
  void findsTheSeparator() throws IOException {
    assertThat(csv("a;b;c\n1,5;2;3").rows().get(0)).containsExactly("1,5", "2", "3");
    assertThat(csv("a\tb\n1\t2").rows().get(0)).containsExactly("1", "2");
    assertThat(csv("\uFEFFa\n7").columns()).containsExactly("a");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a,b\n",
        "a,b\n1\n",
        "a,b\n1,2,3\n",
        "a,a\n1,2\n",
        "a,b\n\"1,2\n",
        "a,b\n\"1\"x,2\n",
        "a\u0000,b\n1,2\n"
      })
  void refusesWhatIsNoTable(String text) {
    assertThatThrownBy(() -> csv(text)).isInstanceOf(UserException.class);
  }

  @Test
  void namesRowAndColumn() throws IOException {
    assertThatThrownBy(() -> csv("a,b\n1,2\n1\n"))
        .hasMessageContaining("row 2 has 1 cells; the header has 2");
    TextTable table = csv("load,temperature\n1,NaN\n");
    assertThatThrownBy(() -> table.number(0, 1))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("row 1, column 'temperature' is 'NaN'");
    assertThatThrownBy(() -> table.column("lod")).hasMessageContaining("did you mean 'load'");
    Files.write(folder.resolve("bad.csv"), "a,b\n1,\u00e9".getBytes(StandardCharsets.ISO_8859_1));
    assertThatThrownBy(() -> TextTable.csv(folder.resolve("bad.csv")))
        .hasMessageContaining("UTF-8");
    assertThatThrownBy(() -> TextTable.csv(folder.resolve("none.csv")))
        .isInstanceOf(UserException.class);
  }

  @Test
  void readsObjectsInLines() throws IOException {
    TextTable table = lines("{\"a\": 1.5, \"b\": \"x\"}\n\n{\"b\": \"y\\n\", \"c\": true}\n");
    assertThat(table.columns()).containsExactly("a", "b", "c");
    assertThat(table.rows().get(0)).containsExactly("1.5", "x", "");
    assertThat(table.rows().get(1)).containsExactly("", "y\n", "true");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[1]", "{\"a\": 1", "{\"a\": {\"b\": 1}}", "{\"a\": [1]}", "{}", "7"})
  void refusesWhatIsNoObject(String text) {
    assertThatThrownBy(() -> lines(text)).isInstanceOf(UserException.class);
  }
}
