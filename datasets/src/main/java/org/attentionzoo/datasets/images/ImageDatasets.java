package org.attentionzoo.datasets.images;

import com.google.auto.service.AutoService;
import java.util.List;
import org.attentionzoo.datasets.catalog.Dataset;
import org.attentionzoo.datasets.catalog.DatasetProvider;
import org.attentionzoo.datasets.catalog.PublishedFile;

/** Labelled images. */
@AutoService(DatasetProvider.class)
public final class ImageDatasets implements DatasetProvider {

  private static final String TRAIN_IMAGES = "train-images-idx3-ubyte";
  private static final String TRAIN_LABELS = "train-labels-idx1-ubyte";
  private static final String TEST_IMAGES = "t10k-images-idx3-ubyte";
  private static final String TEST_LABELS = "t10k-labels-idx1-ubyte";
  private static final List<List<String>> LAYOUTS =
      List.of(
          List.of(
              TRAIN_IMAGES + ".gz", TRAIN_LABELS + ".gz", TEST_IMAGES + ".gz", TEST_LABELS + ".gz"),
          List.of(TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS));

  @Override
  public List<Dataset> datasets() {
    return List.of(cifar10(), mnist(), fashionMnist());
  }

  private static Dataset cifar10() {
    return new Dataset(
        "cifar10",
        "cifar10",
        "CIFAR-10: 50,000 + 10,000 colour images of 32 x 32 in ten classes",
        "not stated by the publisher; for research (Krizhevsky 2009)",
        "https://www.cs.toronto.edu/~kriz/cifar.html",
        List.of("cifar10:"),
        List.of(
            PublishedFile.pinned(
                    "cifar-10-binary.tar.gz",
                    170_052_171,
                    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd")
                .at("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz")
                .unpacked(1),
            PublishedFile.pinned(
                "cifar10-jpg.zip",
                65_314_233,
                "d512cdd96ca1533b189a1fdb91e2b4d80624856930e0475f59a4f609e8057087")),
        List.of(
            List.of("data_batch_1.bin", "test_batch.bin"),
            List.of("cifar-10-batches-bin/data_batch_1.bin"),
            List.of("cifar-10-binary.tar.gz"),
            List.of("cifar10-jpg.zip")));
  }

  private static Dataset mnist() {
    String base = "https://storage.googleapis.com/cvdf-datasets/mnist/";
    return new Dataset(
        "mnist",
        "mnist",
        "MNIST: 60,000 + 10,000 grey images of 28 x 28, handwritten digits",
        "CC BY-SA 3.0",
        "http://yann.lecun.com/exdb/mnist/",
        List.of("mnist:"),
        List.of(
            file(
                base,
                TRAIN_IMAGES,
                9_912_422,
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
            file(
                base,
                TRAIN_LABELS,
                28_881,
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
            file(
                base,
                TEST_IMAGES,
                1_648_877,
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                "ba05d2d6e06f59dd97d2d5378250478bb5c9b64296a5c2681700569121e3a2d7"),
            file(
                base,
                TEST_LABELS,
                4_542,
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                "94088eab8a64f51a9b34cc9716f54b6548ef8b2fd16ada6d1575091b933dbf4b")),
        LAYOUTS);
  }

  private static Dataset fashionMnist() {
    String base = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/";
    return new Dataset(
        "fashion-mnist",
        "fashion-mnist",
        "Fashion-MNIST: 60,000 + 10,000 grey images of 28 x 28, clothes in ten classes",
        "MIT",
        "https://github.com/zalandoresearch/fashion-mnist",
        List.of("fashion-mnist:"),
        List.of(
            file(
                base,
                TRAIN_IMAGES,
                26_421_880,
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
            file(
                base,
                TRAIN_LABELS,
                29_515,
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
            file(
                base,
                TEST_IMAGES,
                4_422_102,
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
            file(
                base,
                TEST_LABELS,
                5_148,
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5")),
        LAYOUTS);
  }

  private static PublishedFile file(String base, String name, long size, String... sha256) {
    return PublishedFile.pinned(name + ".gz", size, sha256).at(base + name + ".gz");
  }
}
