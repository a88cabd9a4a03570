package org.attentionzoo.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.attentionzoo.datasets.text.ByteWindows;
import org.attentionzoo.datasets.text.TextTokenizer;
import org.attentionzoo.eval.predict.TextCodec;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.run.RunFolder;
import org.attentionzoo.training.run.TrainedModel;

/** How the tokens of a model are written. */
final class Codecs {

  private Codecs() {}

  /**
   * The tokenizer that is named, or that of the model's folder or run; else bytes for a language
   * model of bytes, and numbers for the rest.
   *
   * @param model the model
   * @param tokenizer null if none was named
   * @param mask the token that hides others where tokens are numbers; negative for none
   */
  static TextCodec of(TrainedModel model, Path tokenizer, long mask) {
    if (tokenizer != null) {
      return TextCodec.of(TextTokenizer.open(tokenizer, 0));
    }
    if (model.folder().isPresent()) {
      return TextCodec.of(TextTokenizer.open(model.folder().get().path(), 0));
    }
    Optional<Path> kept = model.run().flatMap(RunFolder::tokenizerFile);
    if (kept.isPresent() && model.entry().kind() == ModelKind.CAUSAL_LANGUAGE_MODEL) {
      return TextCodec.ofPlain(TextTokenizer.open(kept.get(), 0));
    }
    if (kept.isPresent()) {
      return TextCodec.of(TextTokenizer.open(kept.get(), longest(model)));
    }
    if (model.config().task().get("tokenizer") instanceof String named && !named.isBlank()) {
      return TextCodec.of(TextTokenizer.open(Path.of(named), 0));
    }
    boolean bytes =
        model.entry().kind() == ModelKind.CAUSAL_LANGUAGE_MODEL
            && vocabulary(model) == ByteWindows.VOCABULARY;
    return bytes ? TextCodec.bytes() : TextCodec.numbers(mask);
  }

  /** Where a run cut its texts; 0 if it did not. */
  private static int longest(TrainedModel model) {
    return model.config().task().get("length") instanceof Number length ? length.intValue() : 0;
  }

  /** How many tokens a model knows; none if its config does not say. */
  static long vocabulary(TrainedModel model) {
    return model.config().modelOverrides().get("vocabulary") instanceof Number size
        ? size.longValue()
        : Long.MAX_VALUE;
  }
}
