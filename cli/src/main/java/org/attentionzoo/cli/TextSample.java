package org.attentionzoo.cli;

import ai.djl.ndarray.NDManager;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.attentionzoo.blocks.Bounded;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.datasets.text.ByteWindows;
import org.attentionzoo.eval.generate.Generation;
import org.attentionzoo.eval.generate.PrintableStream;
import org.attentionzoo.eval.generate.Sampling;
import org.attentionzoo.eval.generate.Utf8Stream;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;

/** Text by a byte-level language model. */
final class TextSample {

  private static final int PROMPT_BYTES = 80;
  private static final int LENGTH = 300;
  private static final Sampling SAMPLING = new Sampling(0.8, 0, 1, 1);

  private TextSample() {}

  /**
   * Prints the continuation of a text byte by byte as it comes, fit for a terminal, and a line end.
   *
   * @return how many bytes were added; fewer than asked for if the model takes no more
   */
  static int write(
      ZooBlock model,
      NDManager manager,
      String prompt,
      int length,
      Sampling sampling,
      PrintWriter out) {
    byte[] bytes = prompt.getBytes(StandardCharsets.UTF_8);
    int[] tokens = new int[bytes.length];
    Arrays.setAll(tokens, i -> Byte.toUnsignedInt(bytes[i]));
    Utf8Stream text = new Utf8Stream();
    PrintableStream shown = new PrintableStream();
    int[] added =
        new Generation(model, manager)
            .run(
                tokens,
                length,
                sampling,
                token -> {
                  out.print(shown.accept(text.accept(token)));
                  out.flush();
                  return !out.checkError();
                });
    out.println(shown.accept(text.finish()) + shown.finish());
    out.flush();
    return added.length;
  }

  /** Prints how a model goes on with the beginning of the validation part, if it is of text. */
  static void ofValidation(ZooBlock model, NDManager manager, Task task, PrintWriter out) {
    if (task.kind() != ModelKind.CAUSAL_LANGUAGE_MODEL
        || !(task.source() instanceof ByteWindows windows)) {
      return;
    }
    byte[] validation = windows.corpus().validation();
    int room = model instanceof Bounded bounded ? bounded.context() : PROMPT_BYTES;
    int length = Math.min(Math.min(PROMPT_BYTES, room), validation.length);
    // A cut in the middle of a character leaves a replacement character at the end.
    String prompt =
        new String(validation, 0, length, StandardCharsets.UTF_8).replaceAll("\uFFFD+$", "");
    if (prompt.isEmpty()) {
      return;
    }
    out.println("sample: the validation part begins");
    out.println(prompt.indent(2).stripTrailing());
    out.println("and the model goes on");
    StringWriter sample = new StringWriter();
    write(model, manager, prompt, LENGTH, SAMPLING, new PrintWriter(sample));
    out.println(sample.toString().indent(2).stripTrailing());
  }
}
