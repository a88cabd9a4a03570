package org.attentionzoo.blocks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import ai.djl.util.Pair;
import ai.djl.util.PairList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The base of every block in the zoo: a DJL {@link Block} whose parameter shapes are known when it
 * is constructed, so that {@code initialize(manager, dataType)} needs no input shapes and a
 * mechanism's {@code forward} reads as its equations do.
 *
 * <p>Parameters and children carry the names of the official implementation; {@link StateDict}
 * joins them with dots.
 *
 * <p>Thread safety: a constructed and initialised block may be run forward by several threads at
 * once; construction, initialisation and loading are for one thread.
 */
public abstract class ZooBlock extends AbstractBlock {

  private final Map<String, Block> namedChildren = new LinkedHashMap<>();
  private boolean initialized;

  /**
   * Runs the block.
   *
   * @param pass what the pass carries: parameters, training flag, path, taps, cache
   * @param inputs the inputs, in the order that the concrete block documents
   * @return the outputs, in the order that the concrete block documents
   */
  public abstract NDList forward(Pass pass, NDList inputs);

  /**
   * Names the points of this block (not of its children) that a {@link Taps} may read or replace.
   *
   * @return the names, possibly none
   */
  public Set<String> tapPoints() {
    return Set.of();
  }

  /**
   * Returns the children under the names they were added with.
   *
   * @return an unmodifiable view in order of addition
   */
  public final Map<String, Block> namedChildren() {
    return Collections.unmodifiableMap(namedChildren);
  }

  /**
   * Adds a trainable parameter.
   *
   * @param name its name in the official state dict
   * @param initializer how it starts
   * @param shape its shape
   * @return the parameter
   */
  protected final Parameter parameter(String name, Initializer initializer, long... shape) {
    return add(name, initializer, true, shape);
  }

  /**
   * Adds a tensor that belongs to the state dict but is not trained.
   *
   * @param name its name in the official state dict
   * @param initializer how it starts; it alone decides the data type
   * @param shape its shape
   * @return the parameter that holds the buffer
   */
  protected final Parameter buffer(String name, Initializer initializer, long... shape) {
    return add(name, initializer, false, shape);
  }

  private Parameter add(String name, Initializer initializer, boolean trainable, long... shape) {
    return addParameter(
        Parameter.builder()
            .setName(name)
            .setType(trainable ? Parameter.Type.WEIGHT : Parameter.Type.OTHER)
            .optShape(new Shape(shape))
            .optInitializer(initializer)
            .optRequiresGrad(trainable)
            .build());
  }

  /**
   * Adds a child block.
   *
   * @param name its name in the official state dict; may not contain a dot
   * @param block the child
   * @param <B> the child's type
   * @return the child
   * @throws IllegalArgumentException if the name is taken or contains a dot
   */
  protected final <B extends Block> B child(String name, B block) {
    if (name.indexOf('.') >= 0) {
      throw new IllegalArgumentException(
          "child name '" + name + "' contains a dot; nest the blocks instead");
    }
    if (namedChildren.putIfAbsent(name, block) != null) {
      throw new IllegalArgumentException("child name '" + name + "' is taken");
    }
    addChildBlock(name, block);
    return block;
  }

  /**
   * Shares a parameter with another block: gradients of both uses add up, and it stays tied after
   * loading.
   *
   * @param name its name here
   * @param parameter the other block's parameter
   * @return the same parameter
   */
  protected final Parameter tie(String name, Parameter parameter) {
    parameters.put(name, parameter);
    return parameter;
  }

  /** {@inheritDoc} */
  @Override
  protected final NDList forwardInternal(
      ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
    return forward(Pass.of(store, training, params), inputs);
  }

  /** {@inheritDoc} */
  @Override
  protected final void initializeChildBlocks(
      NDManager manager, DataType dataType, Shape... inputShapes) {
    for (Block child : namedChildren.values()) {
      child.initialize(manager, dataType);
    }
  }

  /** {@inheritDoc} */
  @Override
  public final boolean isInitialized() {
    if (!initialized) {
      initialized = super.isInitialized();
    }
    return initialized;
  }

  /** {@inheritDoc} */
  @Override
  public final void clear() {
    initialized = false;
    super.clear();
  }

  /**
   * {@inheritDoc}
   *
   * <p>Found by running the block once on zeros, so that it is true for every block; DJL asks only
   * while it assembles containers.
   */
  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes) {
    NDManager parameterManager = firstParameterManager();
    try (NDManager scope = parameterManager.newSubManager();
        GradientMode ignored = GradientMode.off()) {
      NDList inputs = new NDList();
      for (Shape shape : inputShapes) {
        inputs.add(scope.zeros(shape));
      }
      NDList outputs = forward(new ParameterStore(scope, false), inputs, false);
      Shape[] shapes = outputs.getShapes();
      for (NDArray output : outputs) {
        output.attach(scope);
      }
      return shapes;
    }
  }

  private NDManager firstParameterManager() {
    for (Pair<String, Parameter> entry : getParameters()) {
      if (entry.getValue().isInitialized()) {
        return entry.getValue().getArray().getManager();
      }
    }
    return NDManager.newBaseManager();
  }
}
