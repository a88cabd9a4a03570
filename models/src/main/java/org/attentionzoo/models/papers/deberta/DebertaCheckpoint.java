package org.attentionzoo.models.papers.deberta;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.papers.deberta.Deberta;
import org.attentionzoo.models.weights.StateDictLoader;
import org.attentionzoo.models.weights.TensorInfo;
import org.attentionzoo.models.weights.TensorType;
import org.attentionzoo.models.weights.WeightSource;
import org.attentionzoo.models.weights.WeightsException;

/**
 * Released DeBERTa models: configs and state dicts as Microsoft and Hugging Face publish them.
 *
 * <p>The encoder may stand under {@code deberta.}, under {@code bert.} or bare. Version 1's packed
 * {@code in_proj.weight} (per head its queries, keys and values), {@code q_bias}, {@code v_bias},
 * {@code pos_proj} and {@code pos_q_proj} become separate projections; keys then have zero bias.
 * Hugging Face's {@code cls.predictions} becomes {@code lm_predictions.lm_head}.
 */
public final class DebertaCheckpoint {

  private static final int PACKED = 3;

  private DebertaCheckpoint() {}

  /**
   * Reads a {@code config.json} of Hugging Face or Microsoft.
   *
   * @param file the file
   * @return the masked language model that it describes; it has the enhanced mask decoder if its
   *     input is not position-biased
   * @throws UserException if the file cannot be read or describes no DeBERTa that can be built
   */
  public static MaskedLanguageModelConfig config(Path file) {
    return DebertaConfigFile.read(file).maskedLanguageModel();
  }

  /**
   * Loads a state dict. The encoder must be there in full, but for the table of absolute positions;
   * heads that the file or the model lacks are passed over.
   *
   * @param model {@link Deberta} or a model around one
   * @param manager owns the parameters of a model that is not yet initialised
   * @param source the tensors
   * @param heads the number of attention heads, by which packed projections are taken apart
   * @return the parameters that the source does not have, which keep their initial values
   * @throws org.attentionzoo.models.weights.WeightsException if the encoder does not fit; lists all
   *     that differs
   */
  public static List<String> load(
      ZooBlock model, NDManager manager, WeightSource source, int heads) {
    Separated separated = new Separated(source, heads, model instanceof Deberta ? "" : "deberta.");
    StateDictLoader.strict()
        .allowingMissing(key -> !isEncoder(key) || isPositionTable(key))
        .allowingExtra(key -> !isEncoder(key) || isPositionTable(key))
        .load(model, manager, separated);
    List<String> kept = new ArrayList<>(StateDict.of(model).keySet());
    kept.removeAll(separated.tensors().keySet());
    return kept;
  }

  private static boolean isEncoder(String key) {
    String bare = key.startsWith("deberta.") ? key.substring("deberta.".length()) : key;
    return bare.startsWith("embeddings.") || bare.startsWith("encoder.");
  }

  private static boolean isPositionTable(String key) {
    return key.endsWith("embeddings.position_embeddings.weight");
  }

  /** A source whose names are Microsoft's of today and whose projections are apart. */
  private static final class Separated implements WeightSource {

    private final WeightSource source;
    private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();
    private final Map<String, Part> parts = new LinkedHashMap<>();
    private final int heads;

    /** Where a tensor comes from: the source's name, and which third of it; -1 whole, -2 zeros. */
    private record Part(String name, int third) {}

    Separated(WeightSource source, int heads, String prefix) {
      this.source = source;
      this.heads = heads;
      source.tensors().forEach((name, info) -> add(prefix, name, info));
    }

    private void add(String prefix, String name, TensorInfo info) {
      String key = canonical(prefix, name);
      if (key == null) {
        return;
      }
      int dot = key.lastIndexOf('.', key.lastIndexOf('.') - 1);
      String self = key.substring(0, dot + 1);
      if (key.endsWith(".in_proj.weight") && info.shape().dimension() == 2) {
        Shape third = new Shape(info.shape().get(0) / PACKED, info.shape().get(1));
        put(self + "query_proj.weight", info, third, new Part(name, 0));
        put(self + "key_proj.weight", info, third, new Part(name, 1));
        put(self + "value_proj.weight", info, third, new Part(name, 2));
        put(self + "key_proj.bias", info, new Shape(third.get(0)), new Part(name, -2));
      } else if (key.endsWith(".pos_proj.weight")) {
        put(self + "pos_key_proj.weight", info, info.shape(), new Part(name, -1));
        put(self + "pos_key_proj.bias", info, new Shape(info.shape().get(0)), new Part(name, -2));
      } else {
        put(key, info, info.shape(), new Part(name, -1));
      }
    }

    private void put(String key, TensorInfo info, Shape shape, Part part) {
      TensorType type = info.type();
      tensors.put(key, new TensorInfo(key, type, shape, 0, shape.size() * type.bytes()));
      Part other = parts.put(key, part);
      if (other != null) {
        throw new WeightsException(
            source.origin() + ": " + other.name() + " and " + part.name() + " are both " + key);
      }
    }

    private static String canonical(String prefix, String name) {
      String key = name;
      for (String known : List.of("deberta.", "bert.")) {
        if (key.startsWith(known)) {
          key = key.substring(known.length());
          break;
        }
      }
      key = key.replace(".gamma", ".weight").replace(".beta", ".bias");
      if (key.endsWith("position_ids") || key.startsWith("cls.predictions.decoder.")) {
        return null;
      }
      key =
          key.replace("cls.predictions.transform.", "lm_predictions.lm_head.")
              .replace("cls.predictions.", "lm_predictions.lm_head.")
              .replace(".self.q_bias", ".self.query_proj.bias")
              .replace(".self.v_bias", ".self.value_proj.bias")
              .replace(".self.pos_q_proj.", ".self.pos_query_proj.");
      return key.startsWith("embeddings.") || key.startsWith("encoder.") ? prefix + key : key;
    }

    @Override
    public Map<String, TensorInfo> tensors() {
      return Collections.unmodifiableMap(tensors);
    }

    @Override
    public String origin() {
      return source.origin();
    }

    @Override
    public NDArray read(NDManager manager, String name) {
      Part part = parts.get(name);
      TensorInfo info = tensors.get(name);
      if (part.third() == -2) {
        return manager.zeros(info.shape(), info.type().dataType());
      }
      NDArray whole = source.read(manager, part.name());
      if (part.third() == -1) {
        return whole;
      }
      long width = info.shape().get(0);
      if (heads < 1 || width % heads != 0) {
        throw new UserException(
            String.format(
                Locale.ROOT, "%s: %d rows are not of %d heads", part.name(), width, heads));
      }
      try (whole) {
        return whole
            .reshape(heads, PACKED, width / heads, info.shape().get(1))
            .get(":, {}", part.third())
            .reshape(info.shape())
            .duplicate();
      }
    }
  }
}
