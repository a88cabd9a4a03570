package org.attentionzoo.blocks.papers.dhsa;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.kernels.KernelCatalog;
import org.attentionzoo.blocks.kernels.KernelCheck;
import org.attentionzoo.blocks.kernels.KernelCheck.Case;
import org.attentionzoo.blocks.papers.dhsa.SelectionConfig.Pooling;

/** The kernels of this package beside their plain versions. */
@AutoService(KernelCatalog.class)
public final class DhsaKernels implements KernelCatalog {

  private static final String WHOLE = "whole numbers";

  /** {@inheritDoc} */
  @Override
  public List<KernelCheck> kernels() {
    List<KernelCheck> checks = new ArrayList<>();
    for (Boundaries boundaries :
        List.of(
            new Boundaries(0.2, 4, 2, 3),
            new Boundaries(-9, 30, 0, -1),
            new Boundaries(0, 3, 0, 0),
            new Boundaries(0, 1, 3, 2))) {
      checks.add(
          new KernelCheck(
                  "dhsa/boundaries, " + boundaries,
                  in -> new NDList(boundaries.fast(in.head())),
                  in -> new NDList(boundaries.plain(in.head())),
                  List.of(scores(1, 5), scores(3, 21)),
                  0,
                  WHOLE)
              .timedOn(scores(2, 512)));
    }
    for (SelectionConfig config :
        List.of(
            new SelectionConfig(4, 9, 0, Pooling.MEAN, 0, 3, -1),
            new SelectionConfig(8, 12, 10, Pooling.MEAN, 0, 0, -1),
            new SelectionConfig(3, 50, 0, Pooling.MEAN, 0, 7, -1))) {
      checks.add(
          new KernelCheck(
                  "dhsa/keys, " + config.block() + " queries, " + config.budget() + " keys",
                  in -> new NDList(chosen(config, in.head(), true)),
                  in -> new NDList(chosen(config, in.head(), false)),
                  List.of(blockScores(1, 3, 9), blockScores(2, 5, 17), chunksOfEqualScores()),
                  0,
                  WHOLE)
              .timedOn(blockScores(1, 16, 512)));
    }
    return checks;
  }

  private static NDArray chosen(SelectionConfig config, NDArray scores, boolean fast) {
    int budget = KeySelection.budget(config, scores.getShape().get(2));
    return fast
        ? KeySelection.fast(config, scores, budget)
        : KeySelection.plain(config, scores, budget);
  }

  private static Case scores(long batch, long length) {
    return new Case(length + " tokens", m -> new NDList(m.randomNormal(new Shape(batch, length))));
  }

  /** As keys of one chunk have them, in rows that are too long for a plain sort to keep order. */
  private static Case chunksOfEqualScores() {
    return new Case(
        "chunks of 7 keys with equal scores",
        m -> new NDList(m.randomNormal(new Shape(2, 14, 20)).repeat(2, 7)));
  }

  private static Case blockScores(long batch, long blocks, long keys) {
    return new Case(
        blocks + " blocks, " + keys + " keys",
        m -> new NDList(m.randomNormal(new Shape(batch, blocks, keys))));
  }
}
