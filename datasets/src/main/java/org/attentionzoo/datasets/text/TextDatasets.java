package org.attentionzoo.datasets.text;

import com.google.auto.service.AutoService;
import java.util.List;
import org.attentionzoo.datasets.catalog.Dataset;
import org.attentionzoo.datasets.catalog.DatasetProvider;
import org.attentionzoo.datasets.catalog.PublishedFile;

/** Texts, plain and labelled. */
@AutoService(DatasetProvider.class)
public final class TextDatasets implements DatasetProvider {

  private static final String CHAR_RNN =
      "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/";
  private static final String EXAMPLES =
      "https://raw.githubusercontent.com/pytorch/examples/main/word_language_model/data/wikitext-2/";
  private static final String SST_2 =
      "https://raw.githubusercontent.com/clairett/pytorch-sentiment-classification/master/data/SST2/";

  @Override
  public List<Dataset> datasets() {
    return List.of(shakespeare(), wikiText2(), essays(), sst2(), imdb(), longRangeArena());
  }

  private static Dataset shakespeare() {
    return new Dataset(
        "shakespeare",
        "shakespeare",
        "tiny Shakespeare: 40,000 lines of plays, 1.1 MB of plain text",
        "public domain texts; no licence is stated for the selection",
        "https://github.com/karpathy/char-rnn",
        List.of("text:shakespeare"),
        List.of(
            PublishedFile.pinned(
                    "input.txt",
                    1_115_394,
                    "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed")
                .at(CHAR_RNN + "input.txt")),
        List.of(List.of("input.txt")));
  }

  private static Dataset wikiText2() {
    return new Dataset(
        "wikitext-2",
        "wikitext-2",
        "WikiText-2: Wikipedia articles as words, rare ones <unk>; published splits",
        "CC BY-SA 3.0",
        "https://arxiv.org/abs/1609.07843",
        List.of("text:wikitext-2", "words:wikitext-2", "text:wikitext-2/valid.txt"),
        List.of(
            PublishedFile.notPinned("train.txt").at(EXAMPLES + "train.txt"),
            PublishedFile.pinned(
                    "valid.txt",
                    1_121_681,
                    "f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f8af58e8")
                .at(EXAMPLES + "valid.txt"),
            PublishedFile.pinned(
                    "test.txt",
                    1_256_449,
                    "d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0")
                .at(EXAMPLES + "test.txt")),
        List.of(
            List.of("train.txt", "valid.txt", "test.txt"),
            List.of("wiki.train.tokens", "wiki.valid.tokens", "wiki.test.tokens")));
  }

  private static Dataset essays() {
    return new Dataset(
        "essays",
        "essays",
        "49 essays in plain English, 645 kB: haystacks for needle tests",
        "the author's; for tests of one's own",
        "https://paulgraham.com/articles.html",
        List.of("text:essays"),
        List.of(),
        List.of(List.of("./")));
  }

  private static Dataset sst2() {
    return new Dataset(
        "sst2",
        "sst2",
        "SST-2: sentences of film reviews, positive or negative (6,920 / 872 / 1,821)",
        "not stated by the publisher; for research",
        "https://nlp.stanford.edu/sentiment/",
        List.of("sentences:sst2"),
        List.of(
            PublishedFile.pinned(
                    "train.tsv",
                    720_259,
                    "ec192f833a64da08f475488a77b0d0b47db47acd0f458bd18433fc793b569920")
                .at(SST_2 + "train.tsv"),
            PublishedFile.pinned(
                    "dev.tsv",
                    92_057,
                    "eddea6b39e601dd4e7a672b53cc40fdf6019fa80522f351206c24340ca5d9359")
                .at(SST_2 + "dev.tsv"),
            PublishedFile.pinned(
                    "test.tsv",
                    188_749,
                    "831169c7e2e429d6026e1bdbb542f33b636e3e596caad9602ebc953c205928b7")
                .at(SST_2 + "test.tsv")),
        List.of(List.of("./", "train.tsv", "dev.tsv")));
  }

  private static Dataset imdb() {
    return new Dataset(
        "imdb",
        "imdb",
        "IMDB: film reviews, positive or negative (25,000 / 25,000)",
        "for research; cite Maas et al. 2011",
        "https://ai.stanford.edu/~amaas/data/sentiment/",
        List.of("sentences:imdb"),
        List.of(
            PublishedFile.pinned(
                    "aclImdb_v1.tar.gz",
                    84_125_825,
                    "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe")
                .at("https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz")
                .unpacked(1)),
        List.of(
            List.of("./", "train/pos/", "train/neg/", "test/pos/", "test/neg/"),
            List.of("aclImdb/", "aclImdb/train/pos/", "aclImdb/train/neg/")));
  }

  private static Dataset longRangeArena() {
    return new Dataset(
        "lra",
        "lra",
        "Long Range Arena as released: ListOps and document pairs as TSV",
        "Apache-2.0 (code and generated data)",
        "https://github.com/google-research/long-range-arena",
        List.of("lra:listops", "lra:aan"),
        List.of(
            PublishedFile.notPinned("lra_release.gz")
                .at("https://storage.googleapis.com/long-range-arena/lra_release.gz")
                .unpacked(1)),
        List.of(
            List.of("listops-1000/basic_train.tsv"),
            List.of("lra_release/listops-1000/basic_train.tsv"),
            List.of("basic_train.tsv"),
            List.of("tsv_data/new_aan_pairs.train.tsv")));
  }
}
