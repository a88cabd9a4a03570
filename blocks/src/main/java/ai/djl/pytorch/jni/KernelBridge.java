package ai.djl.pytorch.jni;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;

/**
 * Calls a TorchScript method with any arguments and with gradients. It stands in DJL's package
 * because DJL's public calls either take tensors only or run in inference mode, and the native
 * interface below them is package-private.
 */
public final class KernelBridge {

  private static final PyTorchLibrary LIBRARY = PyTorchLibrary.LIB;

  private KernelBridge() {}

  /** An argument that is a native value already, which outlives the call. */
  public interface Prepared {
    /**
     * The value.
     *
     * @return its native handle
     */
    long handle();
  }

  /**
   * Runs a method of a loaded module.
   *
   * @param module the module's native handle
   * @param method the method's name
   * @param none the native handle of a None value, for null arguments
   * @param arguments NDArray, NDList, Integer, Long, Float, Double, Boolean, String, long[],
   *     double[], {@link Prepared} or null
   * @return the native handle of the result, which the caller deletes
   */
  public static long run(long module, String method, long none, Object... arguments) {
    long[] handles = new long[arguments.length];
    try {
      for (int i = 0; i < arguments.length; i++) {
        if (arguments[i] instanceof Prepared prepared) {
          handles[i] = prepared.handle();
        } else {
          handles[i] = arguments[i] == null ? none : toIValue(arguments[i]);
        }
      }
      return LIBRARY.moduleRunMethod(module, method, handles, true, false);
    } finally {
      for (int i = 0; i < arguments.length; i++) {
        if (arguments[i] != null && !(arguments[i] instanceof Prepared) && handles[i] != 0) {
          LIBRARY.torchDeleteIValue(handles[i]);
        }
      }
    }
  }

  /**
   * Takes a result apart and deletes it.
   *
   * @param manager the manager of the arrays
   * @param result the native handle that {@link #run} gave
   * @return the tensors of a tensor, a list or a tuple of tensors
   */
  public static NDList toArrays(PtNDManager manager, long result) {
    try {
      NDList list = new NDList();
      if (LIBRARY.iValueIsTensor(result)) {
        list.add(new PtNDArray(manager, LIBRARY.iValueToTensor(result)));
      } else if (LIBRARY.iValueIsTensorList(result)) {
        for (long handle : LIBRARY.iValueToTensorList(result)) {
          list.add(new PtNDArray(manager, handle));
        }
      } else {
        for (long part : LIBRARY.iValueToIValueTuple(result)) {
          list.addAll(toArrays(manager, part));
        }
      }
      return list;
    } finally {
      LIBRARY.torchDeleteIValue(result);
    }
  }

  /**
   * Puts tensors into a native list, which keeps them alive.
   *
   * @param arrays PyTorch arrays
   * @return the native handle of the list, which the caller deletes
   */
  public static long toList(NDList arrays) {
    long[] tensors = new long[arrays.size()];
    for (int i = 0; i < tensors.length; i++) {
      tensors[i] = handle(arrays.get(i));
    }
    return LIBRARY.iValueFromTensorList(tensors);
  }

  /**
   * Deletes a native value.
   *
   * @param value its handle
   */
  public static void delete(long value) {
    LIBRARY.torchDeleteIValue(value);
  }

  private static long toIValue(Object argument) {
    if (argument instanceof PtNDArray array) {
      return LIBRARY.iValueFromTensor(array.getHandle());
    }
    if (argument instanceof NDList list) {
      return toList(list);
    }
    if (argument instanceof Integer || argument instanceof Long) {
      return LIBRARY.iValueFromLong(((Number) argument).longValue());
    }
    if (argument instanceof Float || argument instanceof Double) {
      return LIBRARY.iValueFromDouble(((Number) argument).doubleValue());
    }
    if (argument instanceof Boolean flag) {
      return LIBRARY.iValueFromBool(flag);
    }
    if (argument instanceof String text) {
      return LIBRARY.iValueFromString(text);
    }
    if (argument instanceof long[] values) {
      return LIBRARY.iValueFromLongList(values);
    }
    if (argument instanceof double[] values) {
      return LIBRARY.iValueFromDoubleList(values);
    }
    throw new IllegalArgumentException(
        "a kernel cannot take a "
            + argument.getClass().getName()
            + "; give NDArray, NDList, a number, a boolean, a string, long[], double[]"
            + " or null");
  }

  private static long handle(NDArray array) {
    if (array instanceof PtNDArray tensor) {
      return tensor.getHandle();
    }
    throw new IllegalArgumentException(
        "a kernel needs PyTorch arrays, got " + array.getClass().getName());
  }
}
