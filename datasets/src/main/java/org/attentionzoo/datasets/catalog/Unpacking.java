package org.attentionzoo.datasets.catalog;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.ArchiveEntry;
import org.apache.commons.compress.archivers.ArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.zip.ZipArchiveInputStream;
import org.attentionzoo.blocks.UserException;

/** Unpacks archives into a folder and nowhere else. */
final class Unpacking {

  private static final long MOST_BYTES = 1L << 37;
  private static final int MOST_ENTRIES = 10_000_000;
  private static final int BUFFER = 1 << 16;

  private Unpacking() {}

  /**
   * Unpacks a zip, tar.gz or tar.
   *
   * @param archive the archive
   * @param name what it is called, which tells its kind
   * @param folder where its files go
   * @param stripped how many leading folders of its entries' names are dropped
   * @throws UserException if an entry would leave the folder, or is a link or a device
   */
  static void unpack(Path archive, String name, Path folder, int stripped) throws IOException {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(archive), BUFFER);
        ArchiveInputStream<?> entries = open(in, name)) {
      long bytes = 0;
      int count = 0;
      for (ArchiveEntry entry = entries.getNextEntry();
          entry != null;
          entry = entries.getNextEntry()) {
        if (++count > MOST_ENTRIES) {
          throw new UserException(name + " has more than " + MOST_ENTRIES + " entries");
        }
        Path target = target(folder, entry.getName(), stripped, name);
        if (entry instanceof TarArchiveEntry tar && !tar.isFile() && !tar.isDirectory()) {
          throw new UserException(
              name + ": '" + entry.getName() + "' is neither a file nor a folder; not unpacked");
        }
        if (target == null || entry.isDirectory()) {
          continue;
        }
        Files.createDirectories(target.getParent());
        try (OutputStream out = Files.newOutputStream(target)) {
          bytes += copy(entries, out, MOST_BYTES - bytes, name);
        }
      }
      if (count == 0) {
        throw new UserException(name + " is no archive, or an empty one");
      }
    }
  }

  private static long copy(InputStream in, OutputStream out, long most, String name)
      throws IOException {
    byte[] buffer = new byte[BUFFER];
    long count = 0;
    for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
      count += read;
      if (count > most) {
        throw new UserException(name + " unpacks to more than " + MOST_BYTES + " bytes");
      }
      out.write(buffer, 0, read);
    }
    return count;
  }

  private static ArchiveInputStream<?> open(InputStream in, String name) throws IOException {
    String lower = name.toLowerCase(Locale.ROOT);
    if (lower.endsWith(".zip")) {
      return new ZipArchiveInputStream(in);
    }
    if (lower.endsWith(".gz") || lower.endsWith(".tgz")) {
      return new TarArchiveInputStream(new GZIPInputStream(in, BUFFER));
    }
    return new TarArchiveInputStream(in);
  }

  /** Where an entry goes; null if nothing of its name is left. */
  private static Path target(Path folder, String entry, int stripped, String name) {
    String rest = entry.startsWith("./") ? entry.substring(2) : entry;
    for (int i = 0; i < stripped; i++) {
      int slash = rest.indexOf('/');
      if (slash < 0) {
        return null;
      }
      rest = rest.substring(slash + 1);
    }
    if (rest.isEmpty()) {
      return null;
    }
    boolean safe = !rest.startsWith("/") && rest.chars().noneMatch(c -> c < ' ' || c == '\\');
    for (String part : rest.split("/", -1)) {
      safe &= !part.equals("..") && !part.contains(":");
    }
    if (!safe) {
      throw new UserException(
          name
              + ": the entry '"
              + entry.replaceAll("\\p{Cntrl}", " ")
              + "' leads out of its folder");
    }
    return folder.resolve(rest);
  }
}
