package org.attentionzoo.cli;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.attentionzoo.models.PaperCard;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.Papers.Preset;

/** Papers with their cards, and models with what the cards say of them; loads no engine. */
final class Catalog {

  private final Papers papers;
  private final Map<String, PaperCard> cards;

  Catalog() {
    papers = Papers.load();
    Map<String, PaperCard> read = new java.util.LinkedHashMap<>();
    papers.all().forEach(paper -> read.put(paper.id(), PaperCard.of(paper.id())));
    cards = read;
  }

  Papers papers() {
    return papers;
  }

  List<PaperCard> cards() {
    return List.copyOf(cards.values());
  }

  PaperCard card(String id) {
    return cards.get(papers.paper(id).id());
  }

  /** The number of trainable parameters as the card has it. */
  Optional<Long> count(Preset<?> preset) {
    return cards.get(preset.model().paper()).models().stream()
        .filter(model -> model.name().equals(preset.model().name()))
        .map(model -> model.parameters().get(preset.preset()))
        .filter(count -> count != null)
        .findFirst();
  }

  /** The count with thousands apart; or nothing. */
  String parameters(Preset<?> preset) {
    return count(preset).map(count -> String.format(Locale.ROOT, "%,d", count)).orElse("");
  }
}
