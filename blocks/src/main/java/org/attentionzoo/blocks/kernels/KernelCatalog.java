package org.attentionzoo.blocks.kernels;

import java.util.List;

/**
 * Lists the kernels of one part of the zoo; found by {@link java.util.ServiceLoader}. The sweep
 * test and the kernel benchmark run over every catalog.
 */
public interface KernelCatalog {

  /**
   * The kernels with their plain versions.
   *
   * @return one check for each kernel
   */
  List<KernelCheck> kernels();
}
