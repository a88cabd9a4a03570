package org.attentionzoo.blocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {

  @TempDir Path folder;

  @Test
  void replacesAFileAndMakesFolders() throws IOException {
    Path file = folder.resolve("a/b/c.txt");
    AtomicFile.write(file, "old");
    AtomicFile.write(file, "new");
    assertThat(file).hasContent("new");
    assertThat(file.getParent()).isDirectoryContaining(p -> p.equals(file));
    try (var files = Files.list(file.getParent())) {
      assertThat(files).hasSize(1);
    }
  }

  @Test
  void namesTheFileThatWasAskedFor() throws IOException {
    Path taken = Files.createDirectories(folder.resolve("taken").resolve("inner")).getParent();
    assertThatThrownBy(() -> AtomicFile.write(taken, "new"))
        .isInstanceOf(FileSystemException.class)
        .hasMessageStartingWith(taken + ": cannot be written: ")
        .hasMessageNotContaining(".tmp");
  }

  @Test
  void leavesTheOldFileWhenWritingFails() throws IOException {
    Path file = folder.resolve("c.txt");
    AtomicFile.write(file, "old");
    assertThatThrownBy(
            () ->
                AtomicFile.write(
                    file,
                    channel -> {
                      AtomicFile.writeFully(channel, new byte[100]);
                      throw new IOException("disk full");
                    }))
        .hasMessage("disk full");
    assertThat(file).hasContent("old");
    try (var files = Files.list(folder)) {
      assertThat(files).hasSize(1);
    }
  }
}
