package org.attentionzoo.datasets.generated;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.BatchSource;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a seed generates never changes: runs can be repeated and resumed by later versions. */
class PinnedBatchesTest {

  static Stream<Arguments> sources() {
    return Stream.of(
        Arguments.of(
            "recall",
            new AssociativeRecall(AssociativeRecall.Options.standard()),
            "8ceb55cbf43c433323a1032c8e65ccb43b4729a9f5652d7f19e6afe6c98ebc69"),
        Arguments.of(
            "marked symbols",
            new MarkedSymbols(new MarkedSymbols.Options(16, 40, 12, 1, 2, 2, 6, 50, 3)),
            "15d1d997d98a252a8466256c9d18ccb39b009f67881909589353e7e3146ce0e7"),
        Arguments.of(
            "bursts",
            new BurstSignals(BurstSignals.Options.standard()),
            "255603a52fdc2aef68a006651183c71f08e73b7a65a6e14312d59aa967f78752"),
        Arguments.of(
            "gratings",
            new NoisyGratings(NoisyGratings.Options.standard()),
            "fb5e63c8eec4a18b780f4beeb053d0220ff8f6a5c85b29f27c59ab2fd76cf8d6"),
        Arguments.of(
            "channels",
            new ChannelCorruption(ChannelCorruption.Options.standard()),
            "0885a37ebf5b7594132be2929b66aadae2fef5fc2d0b722b3f5d394cca59a24d"),
        Arguments.of(
            "permuted",
            new PermutedTokens(PermutedTokens.Options.standard()),
            "3bf5128fac5a77225a3040bf7d8029f7b5780698ae9514b78476f2b47c20cacc"),
        Arguments.of(
            "mqar",
            new MultiQueryRecall(MultiQueryRecall.Options.standard()),
            "b2cb71fb6563508dbb566b0df6e7ddfdecf2f54c5a6ada0abd78bea66a2b2e07"),
        Arguments.of(
            "markov",
            new MarkovText(
                new MarkovText.Options(
                    8, 40, 12, 3, 2, -1, 3, 2, 5, 6, MarkovText.Predicted.ALL, 0, 20, 0)),
            "e5339533a3b1b39393cf7b62f4402919cad1fb578ddf84175d8b9a476e2398a6"),
        Arguments.of(
            "needle",
            NeedleRetrieval.inFiller(NeedleRetrieval.Options.standard()),
            "ffab8b8674493b62014467bda08b7493a7409ba9758bb9b91625461e0f515264"),
        Arguments.of(
            "needle in text",
            NeedleRetrieval.inText(
                NeedleRetrieval.Options.standard(), new byte[] {'a', 'b', 'c'}, new byte[] {'d'}),
            "38ba40485c7e2c24a27e5f6f97a8386f724d1612be07ddee296049353ea3ca9f"),
        Arguments.of(
            "list operations",
            new ListOps(new ListOps.Options(8, 30, 100, 10, 10, ListOps.Form.CLASSES, 20, 0)),
            "1d2a8c9bce732cbac5ee681a6d9087f5752461b2cf439473b3b96d2e971a1bbe"),
        Arguments.of(
            "copy",
            new SelectiveCopy(SelectiveCopy.Options.standard()),
            "eb9e0d408140bb1deca6f7e5a68a5377eb88bd652b6e64d79429a324451c7c68"),
        Arguments.of(
            "regression",
            new InContextRegression(InContextRegression.Options.standard()),
            "faa4d61fb3dfe0705905974f0772633973139cc61c25013722cd9c8600f075fb"),
        Arguments.of(
            "waves",
            new Waves(Waves.Options.standard()),
            "26a710be7ad365ce77e9699872ccdd56082ed5c74de1c5f79c8ebf0442b8ac9b"),
        Arguments.of(
            "extraction",
            new Extraction(Extraction.Options.standard()),
            "286ff2e7d2717467ee456c2ff721873dac3a8571aea8a8026a63135d23b80dee"),
        Arguments.of(
            "shapes",
            new Shapes(Shapes.Options.standard()),
            "085c4befeec0534476d2f8934459e96e6a78778dd2e89edb9f0f6b3c5264dc78"),
        Arguments.of(
            "pathfinder",
            new Pathfinder(new Pathfinder.Options(4, 32, 14, Pathfinder.Form.PIXELS, 6, 0)),
            "b74672a7bc351635ff613ba93dccda31e977f12615575a7bd887d1f255eb235e"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("sources")
  void batchesAreThoseOfEarlierVersions(String name, BatchSource source, String sha256)
      throws NoSuchAlgorithmException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int step = 0; step < 3; step++) {
        add(digest, source.training(manager, 7, step));
      }
      add(digest, source.training(manager, -1, 1L << 33));
      add(digest, source.validation(manager, 0));
      add(digest, source.validation(manager, source.validationBatches() - 1));
    }
    assertThat(HexFormat.of().formatHex(digest.digest())).as(name).isEqualTo(sha256);
  }

  private static void add(MessageDigest digest, Batch batch) {
    for (NDArray array : batch.inputs()) {
      digest.update(array.toByteBuffer(false));
    }
    for (NDArray array : batch.labels()) {
      digest.update(array.toByteBuffer(false));
    }
    ByteBuffer ids = ByteBuffer.allocate(Long.BYTES * batch.ids().length);
    ids.asLongBuffer().put(batch.ids());
    digest.update(ids);
  }
}
