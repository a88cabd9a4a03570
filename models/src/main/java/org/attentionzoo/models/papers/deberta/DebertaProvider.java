package org.attentionzoo.models.papers.deberta;

import com.google.auto.service.AutoService;
import java.util.List;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.PaperProvider;

/**
 * DeBERTa: Decoding-enhanced BERT with Disentangled Attention (He et al. 2020), versions 1 to 3.
 */
@AutoService(PaperProvider.class)
public final class DebertaProvider implements PaperProvider {

  private static final String ID = "deberta";

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of(new GoldenTarget(ID + "/encoder", DebertaGolden::encoder));
  }
}
