/**
 * QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear (ONNX): per tensor, per axis and blocked.
 *
 *   q = saturate(roundHalfEven(f32(x / scale)) + zero),   x = f32((q - zero) · scale)
 */
import { allocate } from '../../ir/dtype.ts';
import type { OpOf } from '../../ir/op.ts';
import { type Tensor, tensor } from '../../ir/tensor.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { type InputTensors, type InputTypes, OperatorError } from '../operator.ts';
import { limits, quantizedType, quantizeValue, required, roundHalfEven, saturate } from './requantize.ts';

/** For each element of `shape`, which element of the scale tensor applies. */
function scaleIndexer(
  shape: readonly number[],
  scale: TensorType,
  axis: number,
  blockSize: number,
): (i: number) => number {
  let count = 1;
  for (const size of scale.shape) count *= size;
  if (count === 1) return () => 0;
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const size = shape[axis] ?? 1;
  if (blockSize === 0) {
    if (count !== size) throw new OperatorError(`quantization scale has ${count} elements; axis ${axis} has ${size}`);
    return (i) => Math.floor(i / inner) % size;
  }
  const blocks = Math.ceil(size / blockSize);
  return (i) => {
    const outer = Math.floor(i / (inner * size));
    const block = Math.floor((Math.floor(i / inner) % size) / blockSize);
    return (outer * blocks + block) * inner + (i % inner);
  };
}

function runQuantize(op: OpOf<'QuantizeLinear'>, inputs: InputTensors): Tensor[] {
  const x = required(inputs[0], 'QuantizeLinear input');
  const scale = required(inputs[1], 'QuantizeLinear scale');
  const zero = inputs[2];
  const range = limits(quantizedType(op.to, 'QuantizeLinear output'));
  const at = scaleIndexer(x.shape, scale, op.axis, op.blockSize);
  const out = allocate(quantizedType(op.to, 'QuantizeLinear output'), x.data.length);
  for (let i = 0; i < out.length; i++) {
    const s = at(i);
    out[i] = quantizeValue(
      Math.fround(Number(x.data[i])),
      Number(scale.data[s]),
      zero === undefined ? 0 : Number(zero.data[s]),
      range,
    );
  }
  return [tensor(op.to, x.shape, out)];
}

function runDequantize(op: OpOf<'DequantizeLinear'>, inputs: InputTensors): Tensor[] {
  const x = required(inputs[0], 'DequantizeLinear input');
  const scale = required(inputs[1], 'DequantizeLinear scale');
  const zero = inputs[2];
  const at = scaleIndexer(x.shape, scale, op.axis, op.blockSize);
  const out = new Float32Array(x.data.length);
  for (let i = 0; i < out.length; i++) {
    const s = at(i);
    const centred = Number(x.data[i]) - (zero === undefined ? 0 : Number(zero.data[s]));
    out[i] = Math.fround(centred) * Number(scale.data[s]);
  }
  return [tensor('float32', x.shape, out)];
}

/** uint8 with the range of the data itself, widened to contain 0 (ONNX DynamicQuantizeLinear-11). */
function runDynamic(inputs: InputTensors): Tensor[] {
  const x = required(inputs[0], 'DynamicQuantizeLinear input');
  let min = 0;
  let max = 0;
  for (let i = 0; i < x.data.length; i++) {
    const value = Number(x.data[i]);
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const scale = max === min ? 1 : Math.fround(Math.fround(max - min) / 255);
  const range = limits('uint8');
  const zero = roundHalfEven(saturate(Math.fround(0 - Math.fround(min / scale)), range));
  const out = new Uint8Array(x.data.length);
  for (let i = 0; i < out.length; i++) out[i] = quantizeValue(Number(x.data[i]), scale, zero, range);
  return [
    tensor('uint8', x.shape, out),
    tensor('float32', [], Float32Array.of(scale)),
    tensor('uint8', [], Uint8Array.of(zero)),
  ];
}

const shapeOf = (inputs: InputTypes): readonly number[] => required(inputs[0], 'quantization input').shape;

export const quantizeLinear: OpDefinition<'QuantizeLinear'> = {
  inferShape: (op, inputs) => [{ dtype: op.to, shape: shapeOf(inputs) }],
  run: runQuantize,
};

export const dequantizeLinear: OpDefinition<'DequantizeLinear'> = {
  inferShape: (_op, inputs) => [{ dtype: 'float32', shape: shapeOf(inputs) }],
  run: runDequantize,
};

export const dynamicQuantizeLinear: OpDefinition<'DynamicQuantizeLinear'> = {
  inferShape: (_op, inputs) => [
    { dtype: 'uint8', shape: shapeOf(inputs) },
    { dtype: 'float32', shape: [] },
    { dtype: 'uint8', shape: [] },
  ],
  run: (_op, inputs) => runDynamic(inputs),
};
