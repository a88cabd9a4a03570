package org.attentionzoo.datasets.catalog;

import java.nio.file.Path;
import java.util.List;

/**
 * Where a data set was found.
 *
 * @param dataset which
 * @param folder its folder
 * @param files the files of the layout that is there, relative to the folder
 */
public record Located(Dataset dataset, Path folder, List<String> files) {

  /**
   * What a reader of one file is given.
   *
   * @return the first file of the layout
   */
  public Path main() {
    return file(0);
  }

  /**
   * A file of the layout.
   *
   * @param index its place in the layout
   * @return the file
   */
  public Path file(int index) {
    return folder.resolve(files.get(index)).normalize();
  }
}
