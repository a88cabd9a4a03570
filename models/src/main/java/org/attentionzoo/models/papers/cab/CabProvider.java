package org.attentionzoo.models.papers.cab;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.papers.cab.PatternAttention;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.PatternMixerEntry;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;

/** CAB: Comprehensive Attention Benchmarking on Long Sequence Modeling (Zhang et al. 2022). */
@AutoService(PaperProvider.class)
public final class CabProvider implements PaperProvider {

  private static final String ID = "cab";
  private static final int SLOTS = 16;

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
    List<Specimen> specimens = new ArrayList<>();
    for (AttentionPattern pattern : AttentionPattern.values()) {
      for (int slots : new int[] {0, 3}) {
        specimens.add(specimen(pattern, slots));
      }
    }
    return specimens;
  }

  /** {@inheritDoc} */
  @Override
  public List<PatternMixerEntry> patternMixers() {
    return List.of(
        entry("attention", "multi-head attention in all four patterns", 0),
        entry("abc", "attention to a bounded memory of 16 slots, in all four patterns", SLOTS));
  }

  private static PatternMixerEntry entry(String name, String summary, int slots) {
    return new PatternMixerEntry(
        ID + "-" + name,
        ID,
        summary,
        sizes ->
            new PatternAttention(
                sizes.width(), sizes.heads(), slots, AttentionPattern.NONCAUSAL_SELF));
  }

  private static Specimen specimen(AttentionPattern pattern, int slots) {
    String form = slots == 0 ? "attention" : "bounded memory";
    Trait[] traits =
        pattern == AttentionPattern.CAUSAL_SELF ? new Trait[] {Trait.CAUSAL} : new Trait[0];
    return Specimen.of(
        ID + "/" + form + ", " + pattern.name().toLowerCase(Locale.ROOT).replace('_', ' '),
        ID,
        () -> new PatternAttention(8, 2, slots, pattern),
        (m, batch, length) -> {
          NDList inputs = new NDList(m.randomNormal(new Shape(batch, length, 8)));
          if (pattern.isCross()) {
            inputs.add(m.randomNormal(new Shape(batch, 5, 8)));
          }
          return inputs;
        },
        traits);
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of();
  }
}
