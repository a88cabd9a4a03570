package org.attentionzoo.models.papers.dsf;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.List;
import java.util.function.Supplier;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.papers.dsf.QuasiLstm;
import org.attentionzoo.blocks.papers.dsf.SelectiveStateSpace;
import org.attentionzoo.blocks.papers.dsf.SeparableAttention;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;

/**
 * Understanding the differences in Foundation Models: Attention, State Space Models, and Recurrent
 * Neural Networks (Sieber et al. 2024).
 */
@AutoService(PaperProvider.class)
public final class DsfProvider implements PaperProvider {

  private static final String ID = "dsf";

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    return List.of();
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    return List.of(
        specimen("linear attention", () -> SeparableAttention.linear(8, 2, 3)),
        specimen("normalised attention", () -> SeparableAttention.normalised(8, 2, 3)),
        specimen("s6", () -> new SelectiveStateSpace(8, 4)),
        specimen("quasi lstm", () -> new QuasiLstm(8, false)),
        specimen("quasi lstm, reversed", () -> new QuasiLstm(8, true)));
  }

  private static Specimen specimen(String name, Supplier<ZooBlock> factory) {
    return Specimen.of(
        ID + "/" + name,
        ID,
        factory,
        (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, 8))),
        Trait.CAUSAL);
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of();
  }
}
