package org.attentionzoo.cli;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.jni.JniUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.weights.SafetensorsWriter;
import org.attentionzoo.models.weights.StateDictSaver;

/** Hugging Face folders with random weights. */
final class Folders {

  private Folders() {}

  /** Words w0 to w255, split at blanks. */
  private static String tokenizer() {
    String words =
        IntStream.range(0, 256)
            .mapToObj(i -> "\"w" + i + "\": " + i)
            .collect(Collectors.joining(", "));
    return """
        {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
         "normalizer": null, "pre_tokenizer": {"type": "WhitespaceSplit"},
         "post_processor": null, "decoder": null,
         "model": {"type": "WordLevel", "vocab": {%s}, "unk_token": "w0"}}
        """
        .formatted(words);
  }

  /** The preset llama-tiny under Hugging Face's names, with a tokenizer. */
  static Path llama(Path folder) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(
        folder.resolve("config.json"),
        """
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 256,
         "hidden_size": 128, "intermediate_size": 320, "num_hidden_layers": 3,
         "num_attention_heads": 4, "num_key_value_heads": 2, "rms_norm_eps": 1e-5,
         "max_position_embeddings": 512, "tie_word_embeddings": true, "hidden_act": "silu"}
        """);
    Files.writeString(folder.resolve("tokenizer.json"), tokenizer());
    ZooBlock model = Papers.load().preset("llama-tiny").build();
    try (NDManager manager = NDManager.newBaseManager()) {
      JniUtils.setSeed(8);
      model.initialize(manager, DataType.FLOAT32);
      Map<String, NDArray> weights = new LinkedHashMap<>();
      StateDictSaver.arrays(model)
          .forEach(
              (name, array) ->
                  weights.put(
                      "model."
                          + name.replace(".attention.", ".self_attn.")
                              .replace(".mixer_norm.", ".input_layernorm.")
                              .replace(".feed_forward_norm.", ".post_attention_layernorm.")
                              .replace(".feed_forward.", ".mlp."),
                      array));
      SafetensorsWriter.write(folder.resolve("model.safetensors"), weights, Map.of());
    }
    return folder;
  }
}
