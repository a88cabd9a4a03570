package org.attentionzoo.datasets.audio;

import com.google.auto.service.AutoService;
import java.util.List;
import org.attentionzoo.datasets.catalog.Dataset;
import org.attentionzoo.datasets.catalog.DatasetProvider;
import org.attentionzoo.datasets.catalog.PublishedFile;

/** Spoken words. */
@AutoService(DatasetProvider.class)
public final class AudioDatasets implements DatasetProvider {

  @Override
  public List<Dataset> datasets() {
    return List.of(
        new Dataset(
            "fsdd",
            "fsdd",
            "Free Spoken Digits: 3,000 recordings of ten digits by six speakers, 8 kHz",
            "CC BY-SA 4.0",
            "https://github.com/Jakobovski/free-spoken-digit-dataset",
            List.of("speech:fsdd"),
            List.of(
                PublishedFile.pinned(
                    "fsdd.zip",
                    16_313_803,
                    "f4627a32e161c53ac733239eaca56f89b0f1e88932027899f40a0668dee545fa")),
            List.of(List.of("fsdd.zip"), List.of("recordings/"))),
        new Dataset(
            "speech-commands",
            "speech-commands",
            "Speech Commands 0.02: 105,829 recordings of 35 words, 16 kHz",
            "CC BY 4.0",
            "https://arxiv.org/abs/1804.03209",
            List.of("speech:speech-commands"),
            List.of(
                PublishedFile.pinned(
                        "speech_commands_v0.02.tar.gz",
                        2_428_923_189L,
                        "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58")
                    .at("http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz")
                    .unpacked(0)),
            List.of(List.of("testing_list.txt", "validation_list.txt"))));
  }
}
