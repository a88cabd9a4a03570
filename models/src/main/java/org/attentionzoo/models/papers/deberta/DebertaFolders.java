package org.attentionzoo.models.papers.deberta;

import com.google.auto.service.AutoService;
import java.util.Set;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.huggingface.HuggingFaceConfig;
import org.attentionzoo.models.huggingface.HuggingFaceModel;
import org.attentionzoo.models.huggingface.HuggingFaceProvider;

/**
 * Folders of DeBERTa: masked language models and classifiers of sequences. A folder that names no
 * class, as Microsoft's do, is taken for the masked language model of Microsoft's code.
 */
@AutoService(HuggingFaceProvider.class)
public final class DebertaFolders implements HuggingFaceProvider {

  @Override
  public Set<String> modelTypes() {
    return Set.of("deberta", "deberta-v2");
  }

  @Override
  public HuggingFaceModel read(HuggingFaceConfig config) {
    DebertaConfigFile file = DebertaConfigFile.read(config.file());
    config.readElsewhere();
    String architecture = file.architectures().isEmpty() ? "" : file.architectures().get(0);
    HuggingFaceModel.Loader loader =
        (model, manager, source) ->
            DebertaCheckpoint.load(model, manager, source, file.encoder().heads());
    return switch (architecture.replaceFirst("^Deberta(V2)?", "")) {
      case "" -> new HuggingFaceModel("deberta", file.maskedLanguageModel(), loader);
      case "ForMaskedLM" ->
          new HuggingFaceModel(
              "deberta",
              new MaskedLanguageModelConfig(file.vocabulary(), false, file.encoder()),
              loader);
      case "ForSequenceClassification" ->
          new HuggingFaceModel("deberta-classifier", file.sequenceClassifier(), loader);
      default ->
          throw new UserException(
              config.file()
                  + " is of a "
                  + architecture
                  + "; of DeBERTa a masked language model (ForMaskedLM) or a classifier of sequences"
                  + " (ForSequenceClassification) can be used here; DebertaConfigFile.build() makes"
                  + " the others for programs");
    };
  }
}
