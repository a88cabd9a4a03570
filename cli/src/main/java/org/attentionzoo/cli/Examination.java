package org.attentionzoo.cli;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.pytorch.jni.LibUtils;
import ai.djl.util.Utils;
import com.sun.management.OperatingSystemMXBean;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.attentionzoo.blocks.Devices;
import org.attentionzoo.blocks.kernels.ProductLibrary;
import org.attentionzoo.training.run.ProcessMemory;

/** What {@code zoo doctor} looks at. */
final class Examination {

  /** How a topic stands. */
  enum Status {
    GOOD,
    /** It works, but not as well as it could. */
    NOTE,
    /** Training and evaluation will fail. */
    BROKEN
  }

  /** What was found of a topic, and the steps that mend it. */
  record Finding(String topic, Status status, String found, List<String> remedy) {}

  private static final long GIGABYTE = 1L << 30;
  private static final long LOW_MEMORY = 2 * GIGABYTE;
  private static final long LOW_DISK = 2 * GIGABYTE;
  private static final Path NVIDIA_DRIVER = Path.of("/proc/driver/nvidia/version");
  private static final Pattern JAR = Pattern.compile("(.+?)-(\\d[\\w.+-]*)\\.jar");

  private static final String SPIN = "GOMP_SPINCOUNT";

  /** Of glibc's allocator: large blocks are used again instead of mapped anew for every tensor. */
  private static final Map<String, String> PROCESS =
      new TreeMap<>(
          Map.of(
              "MALLOC_ARENA_MAX", "1",
              "MALLOC_MMAP_MAX_", "0",
              "MALLOC_TRIM_THRESHOLD_", "17179869184",
              "MALLOC_TOP_PAD_", "67108864"));

  private final Map<String, String> environment;
  private final List<Finding> findings = new ArrayList<>();
  private final Properties versions = Versions.read();

  Examination(Map<String, String> environment) {
    this.environment = environment;
  }

  List<Finding> run() {
    zoo();
    java();
    maven();
    machine();
    memory();
    process();
    cache();
    disk();
    engine();
    data();
    dependencies();
    return List.copyOf(findings);
  }

  private void zoo() {
    good("zoo", versions.getProperty("zoo"));
  }

  private void java() {
    String found =
        System.getProperty("java.version")
            + " ("
            + System.getProperty("java.vendor")
            + "), "
            + System.getProperty("java.home");
    String options = environment.getOrDefault("JAVA_OPTS", "");
    good("java", options.isBlank() ? found : found + ", JAVA_OPTS " + options);
  }

  private void maven() {
    try {
      Process process =
          new ProcessBuilder("mvn", "--version")
              .redirectErrorStream(true)
              .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
              .start();
      String output =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
              .replaceAll("\u001B\\[[\\d;]*m", "");
      if (!process.waitFor(20, TimeUnit.SECONDS) || process.exitValue() != 0) {
        note("maven", "mvn --version fails", "run it by hand; it is needed when sources change");
        return;
      }
      good("maven", output.lines().findFirst().orElse("").replace("Apache Maven ", ""));
    } catch (IOException e) {
      note("maven", "no mvn on the PATH", "install Maven 3.8 or newer: needed when sources change");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void machine() {
    good(
        "machine",
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.version")
            + ", "
            + System.getProperty("os.arch")
            + ", "
            + Runtime.getRuntime().availableProcessors()
            + " processors");
  }

  private void memory() {
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long available = availableMemory(system);
    String found =
        bytes(system.getTotalMemorySize())
            + ", "
            + bytes(available)
            + " available; Java heap at most "
            + bytes(Runtime.getRuntime().maxMemory())
            + " (tensors live outside it)"
            + limit(ProcessMemory.limit());
    if (available < LOW_MEMORY) {
      note(
          "memory",
          found,
          "close other programs, or train with smaller values of the keys for batch and length");
    } else {
      good("memory", found);
    }
  }

  private static String limit(OptionalLong bytes) {
    return bytes.isEmpty()
        ? ""
        : "; the process may have " + bytes(bytes.getAsLong()) + " of data (ulimit -d)";
  }

  /** What scripts/zoo sets before it starts Java, which a program that embeds the zoo must set. */
  private void process() {
    List<String> missing = new ArrayList<>();
    PROCESS.forEach(
        (variable, value) -> {
          if (environment.getOrDefault(variable, "").isBlank()) {
            missing.add("export " + variable + "=" + value);
          }
        });
    if (environment.getOrDefault("OMP_WAIT_POLICY", "").isBlank()
        && environment.getOrDefault(SPIN, "").isBlank()) {
      missing.add("export " + SPIN + "=1000");
    }
    boolean bounded =
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
            .anyMatch(argument -> argument.startsWith("-XX:MaxDirectMemorySize="));
    if (!bounded) {
      missing.add("java -XX:MaxDirectMemorySize=1g ... (else buffers wait long for a collection)");
    }
    if (missing.isEmpty()) {
      good(
          "process",
          "allocator, waiting threads and direct memory are set; a Java program that embeds the zoo"
              + " sets the same (docs/training.md, In a program)");
    } else {
      note(
          "process",
          "not everything is set that keeps training fast and its memory flat; scripts/zoo sets it,"
              + " a program that embeds the zoo is started with",
          missing.toArray(String[]::new));
    }
    good("precision", "float32; bfloat16 is for GPUs, on which this version has not been run");
  }

  /** Linux counts its file cache as used; only the kernel knows what it would give back. */
  private static long availableMemory(OperatingSystemMXBean system) {
    long available = ProcessMemory.available().orElseGet(system::getFreeMemorySize);
    return Math.min(available, system.getTotalMemorySize());
  }

  private void cache() {
    Path folder = Utils.getEngineCacheDir();
    Path existing = existing(folder);
    if (!Files.isWritable(existing)) {
      broken(
          "native cache",
          folder + " cannot be written; the engine unpacks its libraries there",
          "make it writable, or set DJL_CACHE_DIR to a folder that is");
      return;
    }
    good(
        "native cache",
        folder
            + (Files.isDirectory(folder)
                ? ", " + bytes(size(folder))
                : ", empty before first use"));
  }

  private void disk() {
    disk("disk of the cache", Utils.getEngineCacheDir());
    disk("disk of this folder", Path.of("").toAbsolutePath());
  }

  private void disk(String topic, Path folder) {
    try {
      long free = Files.getFileStore(existing(folder)).getUsableSpace();
      String found = bytes(free) + " free at " + folder;
      if (free < LOW_DISK) {
        note(topic, found, "free at least " + bytes(LOW_DISK) + " for libraries and checkpoints");
      } else {
        good(topic, found);
      }
    } catch (IOException e) {
      note(topic, "cannot be asked for its free space: " + e.getMessage());
    }
  }

  private void engine() {
    Engine engine;
    try {
      engine = Engine.getEngine("PyTorch");
      good(
          "engine",
          "PyTorch "
              + engine.getVersion()
              + " through DJL "
              + Engine.getDjlVersion()
              + ", libtorch in "
              + LibUtils.getLibtorchPath());
    } catch (RuntimeException | LinkageError | AssertionError e) {
      engineBroken(e);
      return;
    }
    good(
        "threads",
        "libtorch uses "
            + JniUtils.getNumThreads()
            + " within and "
            + JniUtils.getNumInteropThreads()
            + " between operators"
            + setting("OMP_NUM_THREADS"));
    String cpu = calculates(Device.cpu());
    if (cpu.isEmpty()) {
      String library = ProductLibrary.isOneDnnFaster() ? "oneDNN" : "MKL";
      good("cpu", "calculates rightly, large linear layers by " + library);
    } else {
      broken("cpu", cpu, "delete " + Utils.getEngineCacheDir() + " so that it is unpacked anew");
    }
    gpu(Devices.gpus());
  }

  private void engineBroken(Throwable e) {
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    List<String> remedy = new ArrayList<>();
    if (environment.containsKey("PYTORCH_LIBRARY_PATH")) {
      remedy.add(
          "PYTORCH_LIBRARY_PATH is "
              + environment.get("PYTORCH_LIBRARY_PATH")
              + ": it must name the lib folder of libtorch "
              + versions.getProperty("pytorch")
              + ", PYTORCH_FLAVOR its flavor (cpu or cu128); or unset both");
    }
    remedy.add("delete " + Utils.getEngineCacheDir() + " so that the libraries are unpacked anew");
    remedy.add("libtorch needs Linux with glibc on x86_64 (Alpine's musl does not do)");
    findings.add(
        new Finding(
            "engine",
            Status.BROKEN,
            "PyTorch does not load: "
                + cause.getClass().getSimpleName()
                + ": "
                + String.valueOf(cause.getMessage()).lines().findFirst().orElse(""),
            remedy));
  }

  private static String calculates(Device device) {
    try (NDManager manager = Devices.manager(device)) {
      NDArray product = manager.ones(new Shape(8, 4)).matMul(manager.ones(new Shape(4, 8)));
      float sum = product.sum().getFloat();
      return sum == 8 * 4 * 8 ? "" : "a product of matrices sums to " + sum + " instead of 256";
    } catch (RuntimeException e) {
      return "a product of matrices fails: " + e.getMessage();
    }
  }

  private void gpu(int count) {
    if (count > 0) {
      for (int i = 0; i < count; i++) {
        String wrong = calculates(Device.gpu(i));
        if (wrong.isEmpty()) {
          good("gpu:" + i, "calculates rightly; --device gpu:" + i);
        } else {
          note("gpu:" + i, wrong, gpuSteps());
        }
      }
      return;
    }
    if (!Files.exists(NVIDIA_DRIVER)) {
      good("gpu", "none: this machine has no NVIDIA driver; --device cpu");
      return;
    }
    if (Devices.builtForGpus()) {
      note("gpu", "libtorch is for GPUs but finds none", "see whether nvidia-smi shows a GPU");
      return;
    }
    note("gpu", "there is an NVIDIA driver, but this libtorch is for the CPU", gpuSteps());
  }

  private String[] gpuSteps() {
    String version = versions.getProperty("pytorch");
    return new String[] {
      "Maven Central has no CUDA libraries for PyTorch " + version + "; get them once (3 GB):",
      "curl -LO https://download.pytorch.org/libtorch/cu128/libtorch-cxx11-abi-shared-with-deps-"
          + version
          + "%2Bcu128.zip",
      "unzip -q libtorch-cxx11-abi-shared-with-deps-" + version + "*.zip -d ~/libtorch-cu128",
      "export PYTORCH_LIBRARY_PATH=~/libtorch-cu128/libtorch/lib PYTORCH_FLAVOR=cu128"
          + " PYTORCH_VERSION="
          + version,
      "then zoo doctor again; it needs a driver for CUDA 12.8 (nvidia-smi shows the version)"
    };
  }

  private void data() {
    String data = environment.getOrDefault("ZOO_DATA", "");
    if (data.isBlank()) {
      good("data", "ZOO_DATA is not set; recipes on published data sets need the folder it names");
      return;
    }
    Path folder;
    try {
      folder = Path.of(data);
    } catch (InvalidPathException e) {
      note("data", "ZOO_DATA is no path: " + data, "set it to a folder, or unset it");
      return;
    }
    if (!Files.isDirectory(folder)) {
      note("data", "ZOO_DATA is no folder: " + data, "set it to a folder, or unset it");
      return;
    }
    try (Stream<Path> entries = Files.list(folder)) {
      String names =
          entries
              .filter(Files::isDirectory)
              .map(entry -> entry.getFileName().toString())
              .filter(name -> !name.startsWith("."))
              .sorted()
              .collect(Collectors.joining(", "));
      good("data", folder + ": " + (names.isEmpty() ? "no data sets" : names));
    } catch (IOException | UncheckedIOException e) {
      note("data", "ZOO_DATA cannot be read: " + e.getMessage(), "make " + data + " readable");
    }
  }

  private void dependencies() {
    String jars =
        Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(entry -> JAR.matcher(new File(entry).getName()))
            .filter(Matcher::matches)
            .map(jar -> jar.group(1) + " " + jar.group(2))
            .filter(jar -> !jar.startsWith("zoo-"))
            .sorted()
            .distinct()
            .collect(Collectors.joining(", "));
    good("libraries", jars);
  }

  private String setting(String variable) {
    String value = environment.get(variable);
    return value == null ? "" : "; " + variable + "=" + value;
  }

  private void good(String topic, String found) {
    findings.add(new Finding(topic, Status.GOOD, found, List.of()));
  }

  private void note(String topic, String found, String... remedy) {
    findings.add(new Finding(topic, Status.NOTE, found, List.of(remedy)));
  }

  private void broken(String topic, String found, String... remedy) {
    findings.add(new Finding(topic, Status.BROKEN, found, List.of(remedy)));
  }

  private static Path existing(Path folder) {
    Path existing = folder.toAbsolutePath();
    while (!Files.exists(existing) && existing.getParent() != null) {
      existing = existing.getParent();
    }
    return existing;
  }

  private static long size(Path folder) {
    try (Stream<Path> files = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
      return files.filter(Files::isRegularFile).mapToLong(file -> file.toFile().length()).sum();
    } catch (IOException | UncheckedIOException e) {
      return 0;
    }
  }

  private static String bytes(long count) {
    return count < GIGABYTE
        ? count / (1 << 20) + " MB"
        : String.format(Locale.ROOT, "%.1f GB", (double) count / GIGABYTE);
  }
}
