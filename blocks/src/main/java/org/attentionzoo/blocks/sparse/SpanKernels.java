package org.attentionzoo.blocks.sparse;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import com.google.auto.service.AutoService;
import java.util.List;
import org.attentionzoo.blocks.kernels.KernelCatalog;
import org.attentionzoo.blocks.kernels.KernelCheck;
import org.attentionzoo.blocks.kernels.KernelCheck.Case;

/** The kernels of spans beside their plain versions. */
@AutoService(KernelCatalog.class)
public final class SpanKernels implements KernelCatalog {

  /** {@inheritDoc} */
  @Override
  public List<KernelCheck> kernels() {
    return List.of(
        new KernelCheck(
                "sparse/span of a token",
                in -> new NDList(SpanPooling.fastSpanOf(in.head(), last(in))),
                in -> new NDList(SpanPooling.plainSpanOf(in.head(), last(in))),
                List.of(
                    borders("one span", new long[][] {{0, 1}}),
                    borders("spans without tokens", new long[][] {{0, 3, 3, 7}, {0, 0, 2, 7}})),
                0,
                "whole numbers")
            .timedOn(
                new Case(
                    "1024 spans of 4 tokens",
                    m ->
                        new NDList(
                            m.arange(0, 4097, 4, DataType.INT64).reshape(1, 1025).repeat(0, 2)))));
  }

  private static long last(NDList in) {
    long spans = in.head().getShape().get(1) - 1;
    return in.head().getLong(0, spans);
  }

  private static Case borders(String label, long[][] rows) {
    return new Case(
        label,
        m -> {
          NDList list = new NDList();
          for (long[] row : rows) {
            list.add(m.create(row).expandDims(0));
          }
          return new NDList(org.attentionzoo.blocks.Tensors.concat(list, 0));
        });
  }
}
