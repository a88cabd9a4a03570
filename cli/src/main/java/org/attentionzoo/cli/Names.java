package org.attentionzoo.cli;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.Papers.Preset;

/** What shells offer to complete. */
final class Names {

  private Names() {}

  /** Papers and models. */
  static final class Everything implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      Papers papers = Papers.load();
      List<String> names = new ArrayList<>();
      papers.all().stream().map(PaperProvider::id).forEach(names::add);
      papers.presets().stream().map(Preset::name).forEach(names::add);
      return names.iterator();
    }
  }

  /** Models. */
  static final class Models implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Papers.load().presets().stream().map(Preset::name).map(String.class::cast).iterator();
    }
  }
}
