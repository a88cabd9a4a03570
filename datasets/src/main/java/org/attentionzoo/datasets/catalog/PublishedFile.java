package org.attentionzoo.datasets.catalog;

import java.net.URI;
import java.util.List;

/**
 * A file of a data set, as it is published.
 *
 * @param path its place in the data set's folder, with {@code /}; of an archive, its name
 * @param size how many bytes it has; -1 where that is not known
 * @param sha256 the hashes, in hexadecimal, of the editions that are known; empty: not pinned
 * @param url where it is published; null where that is not publicly known
 * @param stripped for an archive that is to be unpacked (zip or tar.gz), how many leading folders
 *     of its entries' names are dropped; -1 for any other file
 */
public record PublishedFile(String path, long size, List<String> sha256, URI url, int stripped) {

  /** Checks the values. */
  public PublishedFile {
    sha256 = List.copyOf(sha256);
    for (String hash : sha256) {
      if (!hash.matches("[0-9a-f]{64}")) {
        throw new IllegalArgumentException(path + ": '" + hash + "' is no SHA-256");
      }
    }
  }

  /**
   * A file whose size and hash are known.
   *
   * @param path its place in the folder
   * @param size its size
   * @param sha256 the hashes of its known editions
   * @return a file without an address
   */
  public static PublishedFile pinned(String path, long size, String... sha256) {
    return new PublishedFile(path, size, List.of(sha256), null, -1);
  }

  /**
   * A file of which no hash is known.
   *
   * @param path its place in the folder
   * @return a file without an address
   */
  public static PublishedFile notPinned(String path) {
    return new PublishedFile(path, -1, List.of(), null, -1);
  }

  /**
   * The same with an address.
   *
   * @param address where it is published
   * @return a new file
   */
  public PublishedFile at(String address) {
    return new PublishedFile(path, size, sha256, URI.create(address), stripped);
  }

  /**
   * The same as an archive that is unpacked into the folder.
   *
   * @param leading how many leading folders of its entries' names are dropped
   * @return a new file
   */
  public PublishedFile unpacked(int leading) {
    return new PublishedFile(path, size, sha256, url, leading);
  }

  /**
   * Whether it is unpacked and not kept.
   *
   * @return true for an archive
   */
  public boolean isArchive() {
    return stripped >= 0;
  }

  /**
   * Whether its content can be verified.
   *
   * @return true if a hash is known
   */
  public boolean isPinned() {
    return !sha256.isEmpty();
  }
}
