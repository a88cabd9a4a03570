package org.attentionzoo.datasets.catalog;

import java.util.List;

/** Names data sets; found by {@link java.util.ServiceLoader}. */
public interface DatasetProvider {

  /**
   * The data sets.
   *
   * @return in any order; names must not be another provider's
   */
  List<Dataset> datasets();
}
