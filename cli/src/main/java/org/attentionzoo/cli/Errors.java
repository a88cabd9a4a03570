package org.attentionzoo.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Collection;
import java.util.Locale;
import org.attentionzoo.blocks.NearestName;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.training.run.OutOfMemory;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** One clear line for every error; the stack trace only with {@code -v}. */
final class Errors implements IParameterExceptionHandler, IExecutionExceptionHandler {

  @Override
  public int handleParseException(ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    String name = command.getCommandSpec().qualifiedName();
    String message = oneLine(e.getMessage());
    if (e instanceof UnmatchedArgumentException unmatched) {
      message = describe(unmatched, command);
    }
    PrintWriter err = command.getErr();
    err.println(name + ": " + decapitalised(message) + "  (" + name + " --help)");
    if (Zoo.isVerbose(command)) {
      e.printStackTrace(err);
    }
    err.flush();
    return ExitCode.USAGE;
  }

  @Override
  public int handleExecutionException(Exception e, CommandLine command, ParseResult parsed) {
    PrintWriter err = command.getErr();
    boolean verbose = Zoo.isVerbose(command);
    err.println(command.getCommandSpec().qualifiedName() + ": " + describe(e, verbose));
    if (verbose) {
      e.printStackTrace(err);
    }
    err.flush();
    return e instanceof UserException ? ExitCode.USAGE : ExitCode.SOFTWARE;
  }

  private static String describe(Throwable e, boolean verbose) {
    if (e instanceof UserException) {
      return oneLine(e.getMessage());
    }
    if (OutOfMemory.is(e)) {
      boolean cpu = !String.valueOf(e.getMessage()).contains("CUDA");
      String advice = "a smaller batch, length or model";
      return oneLine(OutOfMemory.explain(e, "while computing", cpu, advice).getMessage());
    }
    if (e instanceof UncheckedIOException && e.getCause() != null) {
      return describe(e.getCause(), verbose);
    }
    if (e instanceof FileSystemException file && file.getFile() != null) {
      return file.getFile() + ": " + reason(file);
    }
    if (e instanceof IOException && e.getMessage() != null) {
      return oneLine(e.getMessage());
    }
    if (e.getClass().getName().startsWith("org.attentionzoo.") && e.getMessage() != null) {
      return oneLine(e.getMessage());
    }
    return e.getClass().getSimpleName()
        + (e.getMessage() == null ? "" : ": " + oneLine(e.getMessage()))
        + (verbose ? "" : "  (-v shows where)");
  }

  private static String reason(FileSystemException e) {
    if (e instanceof NoSuchFileException) {
      return "no such file or folder";
    }
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof FileAlreadyExistsException) {
      return "exists already";
    }
    return e.getReason() == null ? e.getClass().getSimpleName() : e.getReason();
  }

  private static String describe(UnmatchedArgumentException e, CommandLine command) {
    String given = e.getUnmatched().get(0);
    if (e.isUnknownOption()) {
      Collection<String> options = command.getCommandSpec().optionsMap().keySet();
      return "unknown option " + given + NearestName.suggestion(given, options);
    }
    Collection<String> commands = command.getSubcommands().keySet();
    return commands.isEmpty()
        ? "unexpected argument " + given
        : "unknown command " + given + NearestName.suggestion(given, commands);
  }

  private static String oneLine(String message) {
    return message == null ? "no reason given" : message.strip().replaceAll("\\s*\\R\\s*", "; ");
  }

  private static String decapitalised(String message) {
    return message.length() > 1 && Character.isLowerCase(message.charAt(1))
        ? message.substring(0, 1).toLowerCase(Locale.ROOT) + message.substring(1)
        : message;
  }
}
