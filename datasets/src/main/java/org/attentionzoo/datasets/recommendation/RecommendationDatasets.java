package org.attentionzoo.datasets.recommendation;

import com.google.auto.service.AutoService;
import java.util.List;
import org.attentionzoo.datasets.catalog.Dataset;
import org.attentionzoo.datasets.catalog.DatasetProvider;
import org.attentionzoo.datasets.catalog.PublishedFile;

/** Interactions of users with items. */
@AutoService(DatasetProvider.class)
public final class RecommendationDatasets implements DatasetProvider {

  private static final String GROUP_LENS = "https://files.grouplens.org/datasets/movielens/";
  private static final String TERMS =
      "GroupLens' own: research use, no redistribution without permission";

  @Override
  public List<Dataset> datasets() {
    return List.of(
        new Dataset(
            "amazon-games",
            "amazon-games",
            "Amazon Video Games as in SASRec's paper: 31,013 users, 23,715 items, 287,107 actions",
            "not stated by the publisher; for research (McAuley et al.)",
            "https://github.com/kang205/SASRec",
            List.of("interactions:amazon-games"),
            List.of(
                PublishedFile.pinned(
                        "Video.txt",
                        3_187_124,
                        "b7376fe24430743f411dc7f567285657b2adb3f74361cc7ba0aee94f3024b651")
                    .at("https://raw.githubusercontent.com/kang205/SASRec/master/data/Video.txt")),
            List.of(List.of("Video.txt"))),
        new Dataset(
            "wikipedia-edits",
            "wikipedia-edits",
            "edits of Wikipedia pages: 8,227 users, 1,000 pages",
            "not stated by the publisher; for research (JODIE)",
            "https://snap.stanford.edu/jodie/",
            List.of("interactions:wikipedia-edits"),
            List.of(
                PublishedFile.pinned(
                    "wikipedia.txt",
                    1_320_626,
                    "ab5d5addedafb496a212d939cb595637f580e436f640916ba337edb03aa02bed")),
            List.of(List.of("wikipedia.txt"))),
        new Dataset(
            "ml-100k",
            "ml-100k",
            "MovieLens 100K: 100,000 ratings by 943 users of 1,682 films",
            TERMS,
            "https://grouplens.org/datasets/movielens/100k/",
            List.of("interactions:ml-100k"),
            List.of(
                PublishedFile.pinned(
                        "ml-100k.zip",
                        4_924_029,
                        "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229")
                    .at(GROUP_LENS + "ml-100k.zip")
                    .unpacked(1),
                PublishedFile.pinned(
                    "ml-100k.inter",
                    1_979_230,
                    "4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff"),
                PublishedFile.pinned(
                    "ml-100k.item",
                    66_632,
                    "51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532"),
                PublishedFile.pinned(
                    "ml-100k.user",
                    22_697,
                    "4f670007d9cfbeb9807e757209af1555b9bcc186bde25e767f67cb67c6dd5972")),
            List.of(List.of("u.data"), List.of("ml-100k.inter"))),
        new Dataset(
            "ml-1m",
            "ml-1m",
            "MovieLens 1M: 1,000,209 ratings by 6,040 users of about 3,900 films",
            TERMS,
            "https://grouplens.org/datasets/movielens/1m/",
            List.of("interactions:ml-1m"),
            List.of(
                PublishedFile.pinned(
                        "ml-1m.zip",
                        5_917_549,
                        "a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20")
                    .at(GROUP_LENS + "ml-1m.zip")
                    .unpacked(1)),
            List.of(List.of("ratings.dat"), List.of("ml-1m.inter"))));
  }
}
