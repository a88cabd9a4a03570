package org.attentionzoo.models.papers.deberta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.papers.deberta.Deberta;
import org.attentionzoo.blocks.papers.deberta.DebertaActivation;
import org.attentionzoo.blocks.papers.deberta.DebertaConfig;
import org.attentionzoo.blocks.papers.deberta.DebertaMaskedLanguageModel;
import org.attentionzoo.blocks.papers.deberta.DebertaQuestionAnswering;
import org.attentionzoo.blocks.papers.deberta.DebertaSequenceClassifier;
import org.attentionzoo.blocks.papers.deberta.DebertaTokenClassifier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class DebertaConfigFileTest {

  @TempDir Path folder;

  private DebertaConfigFile read(String json) throws IOException {
    return DebertaConfigFile.read(Files.writeString(folder.resolve("config.json"), json));
  }

  /** In the shape in which versions 2 and 3 are published. */
  private static String version2(int width, int layers, int heads, int vocabulary, String more) {
    return """
    {"model_type": "deberta-v2", "attention_probs_dropout_prob": 0.1, "hidden_act": "gelu",
     "hidden_dropout_prob": 0.1, "hidden_size": %d, "initializer_range": 0.02,
     "intermediate_size": %d, "max_position_embeddings": 512, "relative_attention": true,
     "position_buckets": 256, "norm_rel_ebd": "layer_norm", "share_att_key": true,
     "pos_att_type": "p2c|c2p", "layer_norm_eps": 1e-7, "max_relative_positions": -1,
     "position_biased_input": false, "num_attention_heads": %d, "num_hidden_layers": %d,
     "type_vocab_size": 0, "vocab_size": %d, "pooler_dropout": 0, "pooler_hidden_act": "gelu" %s}
    """
        .formatted(width, 4 * width, heads, layers, vocabulary, more);
  }

  /** In the shape in which version 1 is published. */
  private static String version1(int width, int layers, int heads) {
    return """
    {"model_type": "deberta", "attention_probs_dropout_prob": 0.1, "hidden_act": "gelu",
     "hidden_dropout_prob": 0.1, "hidden_size": %d, "initializer_range": 0.02,
     "intermediate_size": %d, "max_position_embeddings": 512, "relative_attention": true,
     "pos_att_type": "c2p|p2c", "layer_norm_eps": 1e-7, "padding_idx": 0, "pad_token_id": 0,
     "vocab_size": 50265, "type_vocab_size": 0, "position_biased_input": false,
     "max_relative_positions": -1, "num_attention_heads": %d, "num_hidden_layers": %d,
     "pooler_dropout": 0, "pooler_hidden_act": "gelu"}
    """
        .formatted(width, 4 * width, heads, layers);
  }

  private static String labels(int count) {
    StringBuilder labels = new StringBuilder(", \"id2label\": {");
    for (int i = 0; i < count; i++) {
      labels.append(i == 0 ? "" : ", ").append('"').append(i).append("\": \"L").append(i);
      labels.append('"');
    }
    return labels.append("}").toString();
  }

  /** Counts that are told of the published models as Hugging Face's classifiers of sequences. */
  @ParameterizedTest
  @CsvSource({
    "768, 12, 12, 128100, 2, 184423682",
    "768, 12, 12, 128100, 3, 184424451",
    "768, 6, 12, 128100, 2, 141896450",
    "1024, 24, 16, 128100, 2, 435063810",
    "768, 12, 12, 251000, 3, 278811651",
  })
  void publishedClassifiersHaveTheirCount(
      int width, int layers, int heads, int vocabulary, int classes, long count)
      throws IOException {
    DebertaConfigFile config =
        read(
            version2(
                width,
                layers,
                heads,
                vocabulary,
                ", \"architectures\": [\"DebertaV2ForSequenceClassification\"]" + labels(classes)));
    assertThat(StateDict.countTrainable(config.build())).isEqualTo(count);
  }

  /** Counts told of version 1, whose keys and keys of positions have no biases in those files. */
  @ParameterizedTest
  @CsvSource({"768, 12, 12, 138601728", "1024, 24, 16, 405163008", "1024, 48, 16, 757804032"})
  void publishedEncodersOfVersion1HaveTheirCount(int width, int layers, int heads, long count)
      throws IOException {
    ZooBlock model = read(version1(width, layers, heads)).build();
    long zeros =
        StateDict.of(model).keySet().stream().filter(k -> k.endsWith("key_proj.bias")).count();
    assertThat(zeros).isEqualTo(2L * layers);
    assertThat(StateDict.countTrainable(model) - zeros * width).isEqualTo(count);
  }

  /**
   * Microsoft's README tells the parameters without the word embeddings in millions, some of them
   * of the checkpoint with its heads: they are met within 5 %.
   */
  @ParameterizedTest
  @CsvSource({
    "2, 384, 12, 6, '', 22",
    "2, 768, 6, 12, '', 44",
    "2, 768, 12, 12, '', 86",
    "2, 1024, 24, 16, '', 304",
    "2, 1536, 24, 24, ', \"attention_head_size\": 64, \"conv_kernel_size\": 3, \"conv_act\": \"gelu\"',"
        + " 710",
    "2, 1536, 48, 24, ', \"attention_head_size\": 64, \"conv_kernel_size\": 3, \"conv_act\": \"gelu\"',"
        + " 1320",
    "1, 768, 12, 12, '', 100",
    "1, 1024, 24, 16, '', 350",
    "1, 1024, 48, 16, '', 700",
  })
  void publishedEncodersHaveTheirSize(
      int version, int width, int layers, int heads, String more, double millions)
      throws IOException {
    DebertaConfigFile config =
        read(
            version == 1
                ? version1(width, layers, heads)
                : version2(width, layers, heads, 128100, more));
    long words = (long) config.vocabulary() * width;
    long backbone = StateDict.countTrainable(config.build()) - words;
    assertThat(backbone / 1e6).isCloseTo(millions, within(0.05 * millions));
  }

  /** Counted by hand from the names and shapes of the state dict. */
  @ParameterizedTest
  @CsvSource({"768, 12, 12, false", "1536, 24, 24, true"})
  void theCountIsTheSumOfTheShapes(int width, int layers, int heads, boolean convolution)
      throws IOException {
    long d = width;
    long layer = 4 * (d * d + d) + 2 * d + (4 * d * d + 4 * d) + (4 * d * d + d) + 2 * d;
    long encoder = layers * layer + 512 * d + 2 * d;
    long expected = 128100 * d + 2 * d + encoder + (convolution ? 3 * d * d + d + 2 * d : 0);
    String more = convolution ? ", \"conv_kernel_size\": 3" : "";
    ZooBlock model = read(version2(width, layers, heads, 128100, more)).build();
    assertThat(StateDict.countTrainable(model)).isEqualTo(expected);
  }

  @Test
  void presetsAreThePublishedConfigs() throws IOException {
    Map<String, MaskedLanguageModelConfig> presets =
        DebertaPresets.of((v, encoder) -> new MaskedLanguageModelConfig(v, true, encoder));
    assertThat(read(version1(768, 12, 12)).maskedLanguageModel())
        .usingRecursiveComparison()
        .ignoringFields("encoder.embeddingWidth", "encoder.convolutionActivation")
        .isEqualTo(presets.get("v1-base"));
    assertThat(read(version1(1024, 48, 16)).maskedLanguageModel())
        .usingRecursiveComparison()
        .ignoringFields("encoder.embeddingWidth", "encoder.convolutionActivation")
        .isEqualTo(presets.get("v1-xlarge"));
    assertThat(read(version2(1024, 24, 16, 128100, "")).maskedLanguageModel())
        .usingRecursiveComparison()
        .ignoringFields("encoder.embeddingWidth", "encoder.convolutionActivation")
        .isEqualTo(presets.get("v3-large"));
  }

  @Test
  void absentKeysHaveHuggingFacesDefaults() throws IOException {
    DebertaConfigFile first = read("{\"model_type\": \"deberta\"}");
    assertThat(first.vocabulary()).isEqualTo(50265);
    assertThat(first.encoder().width()).isEqualTo(768);
    assertThat(first.encoder().relativeAttention()).isFalse();
    assertThat(first.encoder().positionAttention()).isEqualTo("none");
    DebertaConfigFile second = read("{\"model_type\": \"deberta-v2\"}");
    assertThat(second.vocabulary()).isEqualTo(128100);
    assertThat(second.encoder().width()).isEqualTo(1536);
    assertThat(second.encoder().layers()).isEqualTo(24);
    assertThat(second.encoder().hidden()).isEqualTo(6144);
    assertThat(second.encoder().convolutionActivation()).isEqualTo(DebertaActivation.TANH);
    assertThat(second.classes()).isEqualTo(2);
    assertThat(second.classifierDropout()).isEqualTo(0.1);
  }

  @Test
  void thePoolersAndTheClassifiersSettingsAreRead() throws IOException {
    DebertaConfigFile config =
        read(
            """
            {"model_type": "deberta-v2", "hidden_size": 8, "num_attention_heads": 2,
             "num_hidden_layers": 2, "intermediate_size": 16, "vocab_size": 11,
             "pad_token_id": 3, "padding_idx": 0, "pooler_hidden_act": "tanh",
             "pooler_dropout": 0.25, "pooler_hidden_size": 8, "cls_dropout": 0.5,
             "hidden_act": "silu", "pos_att_type": ["p2c", "c2p"], "relative_attention": true,
             "num_labels": 5, "label2id": {"A": 0}, "torch_dtype": "float16", "legacy": true,
             "architectures": ["DebertaV2ForSequenceClassification"], "tie_word_embeddings": true}
            """);
    assertThat(config.encoder().paddingIndex()).isEqualTo(3);
    assertThat(config.encoder().activation()).isEqualTo(DebertaActivation.SWISH);
    SequenceClassifierConfig classifier = config.sequenceClassifier();
    assertThat(classifier.classes()).isEqualTo(5);
    assertThat(classifier.poolerDropout()).isEqualTo(0.25);
    assertThat(classifier.poolerActivation()).isEqualTo(DebertaActivation.TANH);
    assertThat(classifier.classifierDropout()).isEqualTo(0.5);
    assertThat(config.build()).isInstanceOf(DebertaSequenceClassifier.class);
  }

  @Test
  void readsMicrosoftsConfigWithItsPooling() throws IOException {
    DebertaConfigFile config =
        read(
            """
            {"hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 2,
             "intermediate_size": 16, "vocab_size": 11, "padding_idx": 1,
             "attention_head_size": 4, "relative_attention": true, "embedding_size": 6,
             "pooling": {"hidden_size": 8, "hidden_act": "tanh", "dropout": 0.1}}
            """);
    assertThat(config.modelType()).isEmpty();
    assertThat(config.encoder().paddingIndex()).isEqualTo(1);
    assertThat(config.encoder().positionAttention()).isEqualTo("c2p");
    assertThat(config.encoder().embeddingWidth()).isEqualTo(6);
    assertThat(config.poolerActivation()).isEqualTo(DebertaActivation.TANH);
    assertThat(config.poolerDropout()).isEqualTo(0.1);
  }

  @ParameterizedTest
  @CsvSource({
    "DebertaModel",
    "DebertaV2ForMaskedLM",
    "DebertaForTokenClassification",
    "DebertaV2ForQuestionAnswering"
  })
  void theNamedClassIsBuilt(String name) throws IOException {
    ZooBlock model = read(version2(8, 2, 2, 11, ", \"architectures\": [\"" + name + "\"]")).build();
    Class<?> expected =
        switch (name) {
          case "DebertaModel" -> Deberta.class;
          case "DebertaV2ForMaskedLM" -> DebertaMaskedLanguageModel.class;
          case "DebertaForTokenClassification" -> DebertaTokenClassifier.class;
          default -> DebertaQuestionAnswering.class;
        };
    assertThat(model).isInstanceOf(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      value = {
        "{\"model_type\": \"deberta-v2\", \"hidden_sise\": 8}#did you mean 'hidden_size'",
        "{\"model_type\": \"deberta-v2\", \"hidden_size\": 8.5}#a whole number",
        "{\"model_type\": \"deberta-v2\", \"hidden_size\": 1e12}#from 1 to",
        "{\"model_type\": \"deberta-v2\", \"num_hidden_layers\": -1}#num_hidden_layers",
        "{\"model_type\": \"deberta-v2\", \"num_attention_heads\": 7}#is not hidden_size=1536",
        "{\"model_type\": \"deberta-v2\", \"attention_head_size\": 32}#attention_head_size=32",
        "{\"model_type\": \"deberta-v2\", \"pooler_hidden_size\": 9}#pooler's hidden_size=9",
        "{\"model_type\": \"deberta-v2\", \"hidden_act\": \"gelu_new\"}#gelu_new",
        "{\"model_type\": \"deberta-v2\", \"is_decoder\": true}#is_decoder",
        "{\"model_type\": \"deberta-v2\", \"tie_word_embeddings\": false}#tie_word_embeddings",
        "{\"model_type\": \"deberta-v2\", \"conv_kernel_size\": 4}#even",
        "{\"model_type\": \"deberta-v2\", \"hidden_dropout_prob\": 1.0}#below 1",
        "{\"model_type\": \"deberta-v2\", \"pos_att_type\": [1]}#a list of strings",
        "{\"model_type\": \"deberta\", \"position_buckets\": 256}#position_buckets",
        "{\"model_type\": \"deberta\", \"talking_head\": true}#talking_head",
        "{\"model_type\": \"bert\"}#'bert'",
        "{\"hidden_size\": 8, \"num_attention_heads\": 2}#vocab_size",
        "{\"vocab_size\": 8, \"pooling\": {\"size\": 3}}#size",
        "[]#no JSON object",
        "null#no JSON object",
        "{\"vocab_size\": 8, \"vocab_size\": 9}#Duplicate",
      })
  void whatCannotBeBuiltIsRefusedByItsName(String json, String told) {
    assertThatThrownBy(() -> read(json))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("config.json")
        .hasMessageContaining(told);
  }

  @Test
  void aClassWithoutACounterpartIsRefused() throws IOException {
    DebertaConfigFile config =
        read(version2(8, 2, 2, 11, ", \"architectures\": [\"DebertaV2ForMultipleChoice\"]"));
    assertThatThrownBy(config::build)
        .isInstanceOf(UserException.class)
        .hasMessageContaining("DebertaV2ForMultipleChoice");
  }

  @Test
  void theMaskDecoderStandsWhereMicrosoftHasIt() throws IOException {
    assertThat(read(version2(8, 2, 2, 11, "")).maskedLanguageModel().enhancedMaskDecoder())
        .isTrue();
    DebertaConfig narrow = read(version2(8, 2, 2, 11, ", \"embedding_size\": 4")).encoder();
    assertThat(narrow.embeddingWidth()).isEqualTo(4);
    assertThat(
            read(version2(8, 2, 2, 11, ", \"embedding_size\": 4"))
                .maskedLanguageModel()
                .enhancedMaskDecoder())
        .isFalse();
  }
}
