package org.attentionzoo.blocks.linear;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.attentionzoo.blocks.kernels.KernelCatalog;
import org.attentionzoo.blocks.kernels.KernelCheck;
import org.attentionzoo.blocks.kernels.KernelCheck.Case;
import org.attentionzoo.blocks.linear.LinearAttentionConfig.Form;
import org.attentionzoo.blocks.linear.LinearAttentionConfig.Normaliser;

/** The kernels of this package beside their plain versions. */
@AutoService(KernelCatalog.class)
public final class LinearKernels implements KernelCatalog {

  /** Small, so that short inputs have several; models take {@link #USUAL}. */
  private static final int CHUNK = 4;

  private static final int USUAL = 64;

  /** {@inheritDoc} */
  @Override
  public List<KernelCheck> kernels() {
    List<KernelCheck> checks = new ArrayList<>();
    for (Form form : Form.values()) {
      for (boolean decays : new boolean[] {false, true}) {
        LinearAttention attention = attention(form, decays, CHUNK);
        String name =
            "linear/" + form.name().toLowerCase(Locale.ROOT) + (decays ? " with decay" : "");
        KernelCheck whole =
            check(
                name,
                attention,
                inputs(1, 1, 3),
                inputs(2, 7, 5),
                inputs(2, 75, 3),
                inputs(3, 12, 2));
        checks.add(form == Form.PARALLEL ? whole.timedOn(size(512, 64)) : whole);
        checks.add(
            check(
                    name + " after a past",
                    attention,
                    continued(1, 1, 3),
                    continued(2, 7, 5),
                    continued(2, 37, 3))
                .timedOn(continued(1, 1, 64)));
        if (form == Form.CHUNKED) {
          checks.add(
              check(
                      name + ", " + USUAL + " tokens each",
                      attention(form, decays, USUAL),
                      inputs(1, 70, 3))
                  .timedOn(size(64, 64), size(512, 64), size(2048, 64)));
        }
      }
    }
    return checks;
  }

  private static LinearAttention attention(Form form, boolean decays, int chunk) {
    return new LinearAttention(
        new LinearAttentionConfig(
            true, Normaliser.NONE, 0, decays ? List.of(0.0, 0.4) : List.of(), form, chunk));
  }

  private static KernelCheck check(String name, LinearAttention attention, Case... inputs) {
    return new KernelCheck(
        name,
        in -> both(in, attention, true),
        in -> both(in, attention, false),
        List.of(inputs),
        2e-5,
        "float32 rounding");
  }

  private static NDList both(NDList in, LinearAttention attention, boolean fast) {
    NDArray q = in.get(0);
    NDArray memory = in.size() > 4 ? in.get(4) : null;
    LinearAttention.Result result =
        fast
            ? attention.fast(q, in.get(1), in.get(2), in.get(3), memory)
            : attention.plain(q, in.get(1), in.get(2), in.get(3), memory);
    return new NDList(result.output(), result.memory());
  }

  private static Case inputs(long batch, long length, long features) {
    return new Case(
        "batch " + batch + ", length " + length + ", " + features + " features",
        m -> {
          Shape shape = new Shape(batch, 2, length, features);
          return new NDList(
              m.randomUniform(0.1f, 1, shape),
              m.randomUniform(0.1f, 1, shape),
              m.randomNormal(new Shape(batch, 2, length, 3)),
              // The second token of each row is padding, if there is one.
              m.arange((int) length).neq(1).reshape(1, length).repeat(0, batch));
        });
  }

  private static Case continued(long batch, long length, long features) {
    return new Case(
        "batch " + batch + ", length " + length + ", " + features + " features, continued",
        m -> {
          NDList list = inputs(batch, length, features).inputs().apply(m);
          list.add(m.randomUniform(0.1f, 1, new Shape(batch, 2, features, 3)));
          return list;
        });
  }

  private static Case size(long length, long features) {
    return new Case(
        "length " + length + ", " + features + " features",
        m -> {
          Shape shape = new Shape(2, 2, length, features);
          return new NDList(
              m.randomUniform(0.1f, 1, shape),
              m.randomUniform(0.1f, 1, shape),
              m.randomNormal(shape),
              m.ones(new Shape(2, length), DataType.BOOLEAN));
        });
  }
}
