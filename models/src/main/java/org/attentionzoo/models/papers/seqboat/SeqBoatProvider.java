package org.attentionzoo.models.papers.seqboat;

import com.google.auto.service.AutoService;
import java.util.List;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.PaperProvider;

/** SeqBoat: Sparse Modular Activation for Efficient Sequence Modeling (Ren et al. 2023). */
@AutoService(PaperProvider.class)
public final class SeqBoatProvider implements PaperProvider {

  private static final String ID = "seqboat";

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return SeqBoatGolden.targets();
  }
}
