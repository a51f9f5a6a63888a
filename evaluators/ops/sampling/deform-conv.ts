/**
 * DeformConv (ONNX) over two axes: a convolution whose taps are moved by offset[n, (g, tap, axis), …] and weighted by mask[n, (g, tap), …],
 * between elements by bilinear interpolation, 0 outside. Inputs x, w, offset, bias?, mask?.
 */
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { numbersOf, scratchFor, tensorOf } from '../elements.ts';
import { convOutputShape } from '../integer/qlinear-conv.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTensors, type InputTypes, requiredInput, shapeText } from '../operator.ts';
import { corners } from './bilinear.ts';

function inferShape(op: OpOf<'DeformConv'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'x');
  const w = requiredInput(inputs, 1, 'w').shape;
  const offset = requiredInput(inputs, 2, 'offset').shape;
  const isImage = x.shape.length === 4 && w.length === 4 && w[1] * op.group === x.shape[1];
  check(isImage, `weights ${shapeText(w)} do not fit ${shapeText(x.shape)}`);
  const shape = convOutputShape(op, x.shape, w[0]);
  const taps = op.kernelShape[0] * op.kernelShape[1];
  const places = [shape[0], op.offsetGroup * taps * 2, shape[2], shape[3]];
  check(shapeText(offset) === shapeText(places), `offsets ${shapeText(offset)}, they must be ${shapeText(places)}`);
  check(x.shape[1] % op.offsetGroup === 0, `${x.shape[1]} channels in ${op.offsetGroup} groups`);
  return [{ dtype: x.dtype, shape }];
}

/** The image at the moved taps of one position: [channel][tap]. */
function columnAt(op: OpOf<'DeformConv'>, inputs: InputTensors, n: number, i: number, j: number): Float64Array {
  const x = requiredInput(inputs, 0, 'x');
  const offsets = requiredInput(inputs, 2, 'offset');
  const [moves, data] = [numbersOf(offsets), numbersOf(x)];
  const masks = inputs[4] === undefined ? undefined : numbersOf(inputs[4]);
  const [, channels, height, width] = x.shape;
  const [, depth, rows, columns] = offsets.shape;
  const [kernelH, kernelW] = op.kernelShape;
  const taps = kernelH * kernelW;
  const perGroup = channels / op.offsetGroup;
  const column = new Float64Array(channels * taps);
  const position = i * columns + j;
  for (let c = 0; c < channels; c++) {
    const group = Math.floor(c / perGroup);
    const plane = { data, start: (n * channels + c) * height * width, height, width };
    for (let tap = 0; tap < taps; tap++) {
      const move = (axis: number) => moves[(n * depth + (group * taps + tap) * 2 + axis) * rows * columns + position];
      const y = i * op.strides[0] - op.pads[0] + Math.floor(tap / kernelW) * op.dilations[0] + move(0);
      const left = j * op.strides[1] - op.pads[1] + (tap % kernelW) * op.dilations[1] + move(1);
      const weight = masks?.[(n * (depth / 2) + group * taps + tap) * rows * columns + position] ?? 1;
      const values = corners(plane, y, left);
      column[c * taps + tap] = weight * (values[0] + values[1] + values[2] + values[3]);
    }
  }
  return column;
}

export const deformConv: OpDefinition<'DeformConv'> = {
  inferShape,
  run(op, inputs) {
    const [type] = inferShape(op, inputs);
    const w = requiredInput(inputs, 1, 'w');
    const weights = numbersOf(w);
    const bias = inputs[3] === undefined ? undefined : numbersOf(inputs[3]);
    const [batch, outputs, rows, columns] = type.shape;
    const inner = elementCount(w.shape.slice(1));
    const perGroup = outputs / op.group;
    const out = scratchFor(type);
    for (let n = 0; n < batch; n++) {
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          const column = columnAt(op, inputs, n, i, j);
          for (let m = 0; m < outputs; m++) {
            const start = Math.floor(m / perGroup) * inner;
            let sum = bias?.[m] ?? 0;
            for (let k = 0; k < inner; k++) sum += weights[m * inner + k] * column[start + k];
            out[((n * outputs + m) * rows + i) * columns + j] = sum;
          }
        }
      }
    }
    return [tensorOf(type, out)];
  },
};
