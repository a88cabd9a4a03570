package org.attentionzoo.blocks.kernels;

import ai.djl.Model;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.pytorch.engine.PtModel;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.pytorch.jni.KernelBridge;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Native functions written in TorchScript: one resource file of {@code def name(self, ...)}
 * functions at column 0, compiled by libtorch at the first call and kept for the life of the
 * process. A function may call another of its file as {@code self.name(...)}.
 *
 * <p>Calls record a graph if and only if the thread's {@link org.attentionzoo.blocks.GradientMode}
 * is on. What the accepted language is, and its traps, is described in {@code docs/kernels.md}.
 *
 * <p>Thread safety: all methods may be called by any thread.
 */
public final class KernelLibrary {

  /** TorchScript archives of this version have today's operator meanings; 3 has those of 2020. */
  private static final String ARCHIVE_VERSION = "10\n";

  private static final String HEADER =
      """
            class K(Module):
              __parameters__ = []
              __buffers__ = []
              training : bool
              def none(self) -> Optional[Tensor]:
                return None
            """;

  private static final Pattern SOURCE_LINE =
      Pattern.compile("File \"code/__torch__.py\", line (\\d+)");

  /** libtorch's graph optimizer is a per-thread switch; it costs warm-up and changes last bits. */
  private static final ThreadLocal<Boolean> OPTIMIZER_OFF =
      ThreadLocal.withInitial(
          () -> {
            JniUtils.setGraphExecutorOptimize(false);
            return true;
          });

  private final Class<?> anchor;
  private final String resource;
  private volatile Compiled compiled;

  /** The model must stay reachable: its finalizer frees the module under running calls. */
  private record Compiled(Model model, long module, long none) {}

  private KernelLibrary(Class<?> anchor, String resource) {
    this.anchor = anchor;
    this.resource = resource;
  }

  /**
   * Names a resource file; nothing is read or compiled yet.
   *
   * @param anchor a class beside which the resource stands
   * @param resource the file's name, for example {@code attention.torchscript}
   * @return the library
   */
  public static KernelLibrary of(Class<?> anchor, String resource) {
    return new KernelLibrary(anchor, resource);
  }

  /**
   * Calls a function that returns one tensor.
   *
   * @param function its name
   * @param arguments in the order of its declaration: NDArray, NDList, {@link KernelTensors}, int,
   *     long, float, double, boolean, String, long[], double[] or null for None; at least one
   *     tensor
   * @return the result, attached to the manager of the first NDArray among the arguments, else of
   *     the first list
   * @throws KernelException if libtorch rejects the file or the call
   */
  public NDArray call(String function, Object... arguments) {
    return callAll(function, arguments).singletonOrThrow();
  }

  /**
   * Calls a function that returns several tensors as a tuple or a list.
   *
   * @param function its name
   * @param arguments as for {@link #call}
   * @return the results, attached to the manager of the first NDArray among the arguments, else of
   *     the first list
   * @throws KernelException if libtorch rejects the file or the call
   */
  public NDList callAll(String function, Object... arguments) {
    PtNDManager manager = managerOf(arguments);
    Compiled ready = compiled();
    if (!OPTIMIZER_OFF.get()) {
      throw new AssertionError();
    }
    try {
      return KernelBridge.toArrays(
          manager, KernelBridge.run(ready.module(), function, ready.none(), arguments));
    } catch (EngineException e) {
      throw new KernelException(
          "kernel '"
              + function
              + "' of "
              + resource
              + " failed: "
              + describe(e.getMessage())
              + "; called with "
              + describe(arguments),
          e);
    }
  }

  /**
   * Compiles the file now if that has not happened yet.
   *
   * @throws KernelException if libtorch rejects it
   */
  public void compile() {
    compiled();
  }

  private Compiled compiled() {
    Compiled ready = compiled;
    if (ready == null) {
      synchronized (this) {
        ready = compiled;
        if (ready == null) {
          ready = load(source());
          compiled = ready;
        }
      }
    }
    return ready;
  }

  private Compiled load(String source) {
    Model model = Model.newInstance(resource, "PyTorch");
    try {
      ((PtModel) model).load(new ByteArrayInputStream(archive(source)));
      long module = ((PtSymbolBlock) model.getBlock()).getHandle();
      return new Compiled(model, module, KernelBridge.run(module, "none", 0));
    } catch (IOException | ai.djl.MalformedModelException | EngineException e) {
      model.close();
      throw new KernelException(
          "libtorch rejects " + resource + ": " + describe(e.getMessage()), e);
    }
  }

  private String source() {
    try (InputStream in = anchor.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException(
            "no kernel file " + resource + " beside " + anchor.getName());
      }
      StringBuilder text = new StringBuilder(HEADER);
      new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .forEach(line -> text.append("  ").append(line).append('\n'));
      return text.toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Replaces lines of the generated text by lines of the resource file. */
  private String describe(String message) {
    if (message == null) {
      return "no reason given";
    }
    int headerLines = (int) HEADER.lines().count();
    Matcher matcher = SOURCE_LINE.matcher(message);
    return matcher.replaceAll(
        m ->
            Matcher.quoteReplacement(
                resource + " line " + (Integer.parseInt(m.group(1)) - headerLines)));
  }

  private static String describe(Object[] arguments) {
    StringBuilder text = new StringBuilder();
    for (Object argument : arguments) {
      text.append(text.isEmpty() ? "" : ", ");
      if (argument instanceof NDArray array) {
        text.append(array.getShape()).append(' ').append(array.getDataType());
      } else if (argument instanceof NDList list) {
        text.append(Arrays.toString(list.getShapes()));
      } else {
        text.append(argument);
      }
    }
    return text.toString();
  }

  private static PtNDManager managerOf(Object[] arguments) {
    for (Object argument : arguments) {
      if (argument instanceof NDArray array) {
        return (PtNDManager) array.getManager();
      }
    }
    for (Object argument : arguments) {
      if (argument instanceof NDList list && !list.isEmpty()) {
        return (PtNDManager) list.head().getManager();
      }
      if (argument instanceof KernelTensors tensors) {
        return (PtNDManager) tensors.manager();
      }
    }
    throw new IllegalArgumentException("a kernel needs at least one NDArray argument");
  }

  private static byte[] archive(String source) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.setMethod(ZipOutputStream.STORED);
      put(zip, "k/data.pkl", moduleObject());
      put(zip, "k/constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
      put(zip, "k/version", ARCHIVE_VERSION.getBytes(StandardCharsets.US_ASCII));
      put(zip, "k/code/__torch__.py", source.getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }

  /** The pickle of an object of class K whose only attribute is {@code training = True}. */
  private static byte[] moduleObject() throws IOException {
    ByteArrayOutputStream pickle = new ByteArrayOutputStream();
    pickle.write(new byte[] {(byte) 0x80, 2});
    pickle.write("c__torch__\nK\n".getBytes(StandardCharsets.US_ASCII));
    pickle.write(new byte[] {')', (byte) 0x81, '}', '(', 'X', 8, 0, 0, 0});
    pickle.write("training".getBytes(StandardCharsets.US_ASCII));
    pickle.write(new byte[] {(byte) 0x88, 'u', 'b', '.'});
    return pickle.toByteArray();
  }

  private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
    ZipEntry entry = new ZipEntry(name);
    entry.setSize(content.length);
    CRC32 crc = new CRC32();
    crc.update(content);
    entry.setCrc(crc.getValue());
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }
}
