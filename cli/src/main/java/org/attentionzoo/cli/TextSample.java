package org.attentionzoo.cli;

import ai.djl.ndarray.NDManager;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.attentionzoo.blocks.Bounded;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.text.ByteWindows;
import org.attentionzoo.datasets.text.Tokenized;
import org.attentionzoo.eval.generate.Generation;
import org.attentionzoo.eval.generate.PrintableStream;
import org.attentionzoo.eval.generate.Sampling;
import org.attentionzoo.eval.predict.TextCodec;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.tasks.LanguageModelObjective;

/**
 * Text by a language model.
 *
 * @param codec what its tokens stand for
 * @param length how many tokens are added at most
 * @param sampling how they are drawn
 * @param ends tokens that end a text
 */
record TextSample(TextCodec codec, int length, Sampling sampling, List<Integer> ends) {

  private static final int PROMPT_BYTES = 80;
  private static final int PROMPT_TOKENS = 20;
  private static final int BYTES = 300;
  private static final int TOKENS = 80;
  private static final Sampling SAMPLING = new Sampling(0.8, 0, 1, 1);

  /**
   * Prints the continuation of a text token by token as it comes, fit for a terminal, and a line
   * end.
   *
   * @return how many tokens were added; fewer than asked for if the text ends or the model takes no
   *     more
   */
  int write(ZooBlock model, NDManager manager, long[] prompt, PrintWriter out) {
    TokenText text = new TokenText(codec, prompt);
    PrintableStream shown = new PrintableStream();
    int[] added =
        new Generation(model, manager)
            .run(
                Arrays.stream(prompt).mapToInt(Math::toIntExact).toArray(),
                length,
                sampling,
                token -> {
                  out.print(shown.accept(text.accept(token)));
                  out.flush();
                  return !ends.contains(token) && !out.checkError();
                });
    out.println(shown.accept(text.finish()) + shown.finish());
    out.flush();
    return added.length;
  }

  /** Prints how a model goes on with the beginning of the validation part, if it is of text. */
  static void ofValidation(ZooBlock model, NDManager manager, Task task, PrintWriter out) {
    if (task.kind() != ModelKind.CAUSAL_LANGUAGE_MODEL) {
      return;
    }
    int room = model instanceof Bounded bounded ? bounded.context() : Integer.MAX_VALUE;
    if (task.source() instanceof ByteWindows windows) {
      byte[] validation = windows.text().orElseThrow().validation();
      int length = Math.min(Math.min(PROMPT_BYTES, room), validation.length);
      // A cut in the middle of a character leaves a replacement character at the end.
      String prompt =
          new String(validation, 0, length, StandardCharsets.UTF_8).replaceAll("\uFFFD+$", "");
      TextCodec codec = TextCodec.bytes();
      new TextSample(codec, BYTES, SAMPLING, List.of())
          .print(model, manager, codec.encode(prompt), out);
    } else if (task.source() instanceof Tokenized text) {
      // The tokenizer is the data's to close.
      TextCodec codec = TextCodec.ofPlain(text.tokenizer());
      long[] first = firstWindow(manager, task);
      new TextSample(codec, TOKENS, SAMPLING, List.of())
          .print(
              model,
              manager,
              Arrays.copyOf(first, Math.min(Math.min(PROMPT_TOKENS, room), first.length)),
              out);
    }
  }

  /** The first validation window without what fills it up. */
  private static long[] firstWindow(NDManager manager, Task task) {
    try (NDManager scope = manager.newSubManager()) {
      Batch batch = task.source().validation(scope, 0);
      long[] inputs = batch.inputs().head().get(0).toLongArray();
      long[] labels = batch.labels().head().get(0).toLongArray();
      long real =
          Arrays.stream(labels).filter(label -> label != LanguageModelObjective.IGNORED).count();
      return Arrays.copyOf(inputs, (int) real);
    }
  }

  private void print(ZooBlock model, NDManager manager, long[] prompt, PrintWriter out) {
    if (prompt.length == 0) {
      return;
    }
    out.println("sample: the validation part begins");
    out.println(codec.decode(prompt).indent(2).stripTrailing());
    out.println("and the model goes on");
    StringWriter sample = new StringWriter();
    write(model, manager, prompt, new PrintWriter(sample));
    out.println(sample.toString().indent(2).stripTrailing());
  }
}
