package org.attentionzoo.datasets.series;

import com.google.auto.service.AutoService;
import java.util.List;
import org.attentionzoo.datasets.catalog.Dataset;
import org.attentionzoo.datasets.catalog.DatasetProvider;
import org.attentionzoo.datasets.catalog.PublishedFile;

/** Series of measurements. */
@AutoService(DatasetProvider.class)
public final class SeriesDatasets implements DatasetProvider {

  @Override
  public List<Dataset> datasets() {
    return List.of(
        ett("ETTh1", 2_589_657, "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066"),
        ett(
            "ETTh2",
            2_417_960,
            "a3dc2c597b9218c7ce1cd55eb77b283fd459a1d09d753063f944967dd6b9218b"));
  }

  private static Dataset ett(String name, long size, String sha256) {
    return new Dataset(
        name.toLowerCase(java.util.Locale.ROOT),
        "ett",
        name + ": an electricity transformer's temperature and six loads, hourly, 17,420 rows",
        "CC BY-ND 4.0",
        "https://github.com/zhouhaoyi/ETDataset",
        List.of("forecast:" + name),
        List.of(
            PublishedFile.pinned(name + ".csv", size, sha256)
                .at(
                    "https://raw.githubusercontent.com/zhouhaoyi/ETDataset/main/ETT-small/"
                        + name
                        + ".csv")),
        List.of(List.of(name + ".csv")));
  }
}
