package org.attentionzoo.datasets.catalog;

import java.util.List;

/**
 * A published data set.
 *
 * @param name what {@code --data <scheme>:<name>} calls it; lower case
 * @param folder its folder in {@code ZOO_DATA} and in the cache
 * @param title what it is, in a line
 * @param licence under which terms it is published, as its page says
 * @param page where it is described
 * @param use how it is given to a command, for example {@code text:shakespeare}
 * @param files the files that are known, archives included
 * @param layouts the files of which one list must be there for the data set to be usable, the best
 *     first; a name that ends with {@code /} is a folder. The first name of a list is what readers
 *     of one file are given
 */
public record Dataset(
    String name,
    String folder,
    String title,
    String licence,
    String page,
    List<String> use,
    List<PublishedFile> files,
    List<List<String>> layouts) {

  /** Copies the lists. */
  public Dataset {
    use = List.copyOf(use);
    files = List.copyOf(files);
    layouts = layouts.stream().map(List::copyOf).toList();
  }

  /**
   * What a download brings.
   *
   * @return the files with an address; empty if it cannot be downloaded
   */
  public List<PublishedFile> downloads() {
    return files.stream().filter(file -> file.url() != null).toList();
  }

  /**
   * How much a download is.
   *
   * @return bytes; -1 if a size is not known
   */
  public long downloadSize() {
    long sum = 0;
    for (PublishedFile file : downloads()) {
      if (file.size() < 0) {
        return -1;
      }
      sum += file.size();
    }
    return sum;
  }
}
