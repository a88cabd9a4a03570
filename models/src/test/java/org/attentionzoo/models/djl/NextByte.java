package org.attentionzoo.models.djl;

import ai.djl.inference.Predictor;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;

/** The README's example; {@link NextByteTest} keeps the two equal. */
final class NextByte {

  private NextByte() {}

  static float[] probabilities(String text) throws Exception {
    // README begins
    Criteria<long[], float[]> criteria =
        Criteria.builder()
            .setTypes(long[].class, float[].class)
            .optGroupId("org.attentionzoo")
            .optArtifactId("titans-mac")
            .build();
    try (ZooModel<long[], float[]> model = criteria.loadModel();
        Predictor<long[], float[]> predictor = model.newPredictor()) {
      return predictor.predict(text.chars().asLongStream().toArray());
    }
    // README ends
  }
}
