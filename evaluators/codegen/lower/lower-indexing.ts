/** Operators whose places come from tables or from indices computed at run time. */
import { isFloat } from '../../ir/dtype.ts';
import type { Node } from '../../ir/graph.ts';
import type { OpOf } from '../../ir/op.ts';
import { elementCount, stridesOf, type Tensor, tensor } from '../../ir/tensor.ts';
import { runOp } from '../../ops/evaluate-node.ts';
import { LoweringError } from '../codegen-error.ts';
import { elementBytes } from '../element-type.ts';
import { plainLayout } from '../layout.ts';
import type { LoweredValue, Lowering } from '../lowering.ts';
import type { FieldValue } from '../program.ts';
import { numbers } from './constants.ts';
import { padToRank } from './copy.ts';
import { FLOAT_CODE, integerCode, scatterCode } from './element-code.ts';
import { invoke } from './invoke.ts';
import { copyCall } from './lower-movement.ts';

function plainInput(lowering: Lowering, name: string): LoweredValue {
  return lowering.plain(lowering.unshifted(lowering.value(name)));
}

function bytesOf(lowering: Lowering, value: LoweredValue): number {
  return elementBytes(lowering.storedType(value));
}

/** Sets every element of y to `value` (an initializer or a run-time scalar), or to 0. */
export function fillCall(lowering: Lowering, y: LoweredValue, value?: LoweredValue): void {
  const zero: LoweredValue = { ...y, shape: [1], layout: plainLayout([1]), tensor: zeroOf() };
  const { buffer: _, ...constantZero } = zero;
  invoke(lowering, {
    kernel: `dnnrt_fill_${8 * bytesOf(lowering, y)}`,
    numbers: [elementCount(y.shape)],
    operands: [value ?? constantZero],
    results: [y],
  });
}

/** Any element type reads the one number 0 from it. */
function zeroOf(): Tensor {
  return tensor('float32', [1], new Float32Array(1));
}

export function lowerPad(lowering: Lowering, node: Node<OpOf<'Pad'>>): void {
  const { mode, pads } = node.op;
  const x = plainInput(lowering, node.inputs[0]);
  if (mode !== 'constant') {
    lowerByTable(lowering, node, x);
    return;
  }
  const y = lowering.produce(node.outputs[0], plainLayout(lowering.outputType(node.outputs[0]).shape));
  fillCall(lowering, y, lowering.optional(node.inputs[1]));
  const [xStrides, yStrides] = [stridesOf(x.shape), stridesOf(y.shape)];
  const rank = x.shape.length;
  let [xOffset, yOffset] = [0, 0];
  const axes = x.shape.map((size, axis) => {
    const [begin, end] = [pads[axis], pads[axis + rank]];
    xOffset += Math.max(0, -begin) * xStrides[axis];
    yOffset += Math.max(0, begin) * yStrides[axis];
    const kept = Math.max(0, size - Math.max(0, -begin) - Math.max(0, -end));
    return { size: kept, xStride: xStrides[axis], yStride: yStrides[axis] };
  });
  copyCall(lowering, x, y, axes, xOffset, yOffset);
}

/** Moves by a table of places: what the reference does to the places themselves. 0 stands for "no element". */
function lowerByTable(lowering: Lowering, node: Node, x: LoweredValue): void {
  const count = elementCount(x.shape);
  const places = tensor(
    'int32',
    x.shape,
    Int32Array.from({ length: count }, (_, index) => index + 1),
  );
  const others = node.inputs.slice(1).map((name) => lowering.optionalTensor(name, 'an operand'));
  const [moved] = runOp(node.op, [places, ...others]);
  const y = lowering.produce(node.outputs[0], plainLayout(lowering.outputType(node.outputs[0]).shape));
  const entries = Int32Array.from(numbers(moved), (place) => place - 1);
  if (entries.includes(-1)) fillCall(lowering, y);
  const table = lowering.constant('i', 'int32_t', entries.length, () => entries);
  lowering.call({
    kernel: `dnnrt_take_${8 * bytesOf(lowering, y)}`,
    args: [
      { kind: 'integer', value: entries.length },
      { kind: 'constant', id: table },
      lowering.argument(x),
      lowering.argument(y),
    ],
    reads: lowering.reads(x),
    writes: [y.buffer],
  });
}

export function lowerTrilu(lowering: Lowering, node: Node<OpOf<'Trilu'>>): void {
  lowerByTable(lowering, node, plainInput(lowering, node.inputs[0]));
}

export function lowerGather(lowering: Lowering, node: Node<OpOf<'Gather'>>): void {
  const { axis } = node.op;
  const [x, indices] = [plainInput(lowering, node.inputs[0]), plainInput(lowering, node.inputs[1])];
  const y = lowering.produce(node.outputs[0], plainLayout(lowering.outputType(node.outputs[0]).shape));
  invoke(lowering, {
    kernel: 'dnnrt_gather',
    params: [
      'dnnrt_gather_t',
      {
        outer: elementCount(x.shape.slice(0, axis)),
        axis: x.shape[axis],
        n: elementCount(indices.shape),
        inner_bytes: elementCount(x.shape.slice(axis + 1)) * bytesOf(lowering, x),
        index_type: integerCode(indices.dtype),
      },
    ],
    operands: [x, indices],
    results: [y],
  });
}

function elementPlaces(
  lowering: Lowering,
  x: LoweredValue,
  indices: LoweredValue,
  axis: number,
): Record<string, FieldValue> {
  const alike = x.shape.every((size, i) => i === axis || size === indices.shape[i]);
  const grouped = (shape: readonly number[]) =>
    alike ? [elementCount(shape.slice(0, axis)), shape[axis], elementCount(shape.slice(axis + 1))] : shape;
  const shape = grouped(indices.shape);
  if (shape.length > 6) throw new LoweringError(`tensors of rank ${shape.length} have no kernel`);
  return {
    rank: shape.length,
    axis: alike ? 1 : axis,
    index_type: integerCode(indices.dtype),
    element_bytes: bytesOf(lowering, x),
    shape: padToRank(shape, 1),
    x_shape: padToRank(grouped(x.shape), 1),
  };
}

export function lowerGatherElements(lowering: Lowering, node: Node<OpOf<'GatherElements'>>): void {
  const [x, indices] = [plainInput(lowering, node.inputs[0]), plainInput(lowering, node.inputs[1])];
  const y = lowering.produce(node.outputs[0], plainLayout(indices.shape));
  const fields = elementPlaces(lowering, x, indices, node.op.axis);
  invoke(lowering, {
    kernel: 'dnnrt_gather_elements',
    params: ['dnnrt_gather_elements_t', fields],
    operands: [x, indices],
    results: [y],
  });
}

function tuplePlaces(
  lowering: Lowering,
  x: LoweredValue,
  indices: LoweredValue,
  batchDims: number,
): Record<string, FieldValue> {
  const depth = indices.shape.at(-1) ?? 1;
  if (depth > 6) throw new LoweringError(`index tuples of ${depth} numbers have no kernel`);
  const bytes = bytesOf(lowering, x);
  const batch = elementCount(x.shape.slice(0, batchDims));
  return {
    batch,
    batch_bytes: elementCount(x.shape.slice(batchDims)) * bytes,
    tuples: elementCount(indices.shape) / depth / batch,
    slice_bytes: elementCount(x.shape.slice(batchDims + depth)) * bytes,
    depth,
    index_type: integerCode(indices.dtype),
    shape: padToRank(x.shape.slice(batchDims, batchDims + depth), 1),
  };
}

export function lowerGatherND(lowering: Lowering, node: Node<OpOf<'GatherND'>>): void {
  const [x, indices] = [plainInput(lowering, node.inputs[0]), plainInput(lowering, node.inputs[1])];
  const y = lowering.produce(node.outputs[0], plainLayout(lowering.outputType(node.outputs[0]).shape));
  const fields = tuplePlaces(lowering, x, indices, node.op.batchDims);
  invoke(lowering, {
    kernel: 'dnnrt_gather_nd',
    params: ['dnnrt_gather_nd_t', fields],
    operands: [x, indices],
    results: [y],
  });
}

/** The data in a buffer that may be changed. */
function changeable(lowering: Lowering, node: Node): { x: LoweredValue; y: LoweredValue } {
  const x = plainInput(lowering, node.inputs[0]);
  const y = lowering.produce(node.outputs[0], plainLayout(x.shape));
  copyCall(lowering, x, y, [{ size: elementCount(x.shape), xStride: 1, yStride: 1 }]);
  return { x, y };
}

function updateFields(op: OpOf<'ScatterElements'> | OpOf<'ScatterND'>, x: LoweredValue): Record<string, FieldValue> {
  // Doubles are only moved, as the bits that they are.
  const type = x.dtype === 'float64' ? integerCode('int64') : isFloat(x.dtype) ? FLOAT_CODE : integerCode(x.dtype);
  return { type, reduction: scatterCode(op.reduction) };
}

export function lowerScatterElements(lowering: Lowering, node: Node<OpOf<'ScatterElements'>>): void {
  const { x, y } = changeable(lowering, node);
  const [indices, updates] = [plainInput(lowering, node.inputs[1]), plainInput(lowering, node.inputs[2])];
  const fields = { places: { fields: elementPlaces(lowering, x, indices, node.op.axis) }, ...updateFields(node.op, x) };
  invoke(lowering, {
    kernel: 'dnnrt_scatter_elements',
    params: ['dnnrt_scatter_elements_t', fields],
    operands: [indices, updates],
    results: [y],
  });
}

export function lowerScatterND(lowering: Lowering, node: Node<OpOf<'ScatterND'>>): void {
  const { x, y } = changeable(lowering, node);
  const [indices, updates] = [plainInput(lowering, node.inputs[1]), plainInput(lowering, node.inputs[2])];
  const places = tuplePlaces(lowering, x, indices, 0);
  const slice = elementCount(x.shape.slice(indices.shape.at(-1) ?? 1));
  const fields = { places: { fields: places }, slice, ...updateFields(node.op, x) };
  invoke(lowering, {
    kernel: 'dnnrt_scatter_nd',
    params: ['dnnrt_scatter_nd_t', fields],
    operands: [indices, updates],
    results: [y],
  });
}

export function lowerOneHot(lowering: Lowering, node: Node<OpOf<'OneHot'>>): void {
  const { axis, depth } = node.op;
  const [indices, values] = [plainInput(lowering, node.inputs[0]), plainInput(lowering, node.inputs[1])];
  const { shape } = lowering.outputType(node.outputs[0]);
  const at = axis < 0 ? axis + shape.length : axis;
  const y = lowering.produce(node.outputs[0], plainLayout(shape));
  invoke(lowering, {
    kernel: 'dnnrt_one_hot',
    params: [
      'dnnrt_one_hot_t',
      {
        outer: elementCount(shape.slice(0, at)),
        depth,
        inner: elementCount(shape.slice(at + 1)),
        index_type: isFloat(indices.dtype) ? FLOAT_CODE : integerCode(indices.dtype),
        element_bytes: bytesOf(lowering, y),
      },
    ],
    operands: [indices, values],
    results: [y],
  });
}
