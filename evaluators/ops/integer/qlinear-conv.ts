/**
 * QLinearConv and ConvInteger (ONNX) over 1 to 3 spatial axes, with groups, dilation, asymmetric padding and per-channel
 * weight scales. x [N,C,…], w [M,C/group,…], bias int32 [M] with scale xScale · wScale; padding contributes nothing, i.e. it
 * has the value of the zero point.
 *
 *   acc[n,m,p] = bias[m] + Σ_{c,k} (x[n, c, p·stride + k·dilation - pad] - xZero) · (w[m,c,k] - wZero[m])      (int32)
 */
import { allocate } from '../../ir/dtype.ts';
import type { OpOf, Window } from '../../ir/op.ts';
import { elementCount, type Tensor, tensor } from '../../ir/tensor.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { type InputTensors, OperatorError } from '../operator.ts';
import {
  limits,
  multipliers,
  outputType,
  perChannel,
  type QuantizedData,
  quantizedData,
  requantize,
  required,
  scalar,
} from './requantize.ts';

export function convOutputShape(op: Window, x: readonly number[], channels: number): number[] {
  const spatial = op.kernelShape.map((kernel, axis) => {
    const padded = (x[axis + 2] ?? 1) + (op.pads[axis] ?? 0) + (op.pads[axis + op.kernelShape.length] ?? 0);
    const extent = (kernel - 1) * (op.dilations[axis] ?? 1) + 1;
    const size = Math.floor((padded - extent) / (op.strides[axis] ?? 1)) + 1;
    if (size < 1) throw new OperatorError(`window of ${extent} does not fit a padded axis of ${padded}`);
    return size;
  });
  return [x[0] ?? 1, channels, ...spatial];
}

/** A window over exactly three axes: missing leading axes have size 1. */
interface Window3 {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly pad: readonly number[];
}

function window3(op: Window): Window3 {
  const rank = op.kernelShape.length;
  const lead = (values: readonly number[], fill: number): number[] => [...Array(3 - rank).fill(fill), ...values];
  return {
    kernel: lead(op.kernelShape, 1),
    stride: lead(op.strides, 1),
    dilation: lead(op.dilations, 1),
    pad: lead(op.pads.slice(0, rank), 0),
  };
}

const spatial3 = (shape: readonly number[]): number[] => [...Array(5 - shape.length).fill(1), ...shape.slice(2)];

interface ConvData {
  readonly x: QuantizedData;
  readonly xShape: readonly number[];
  readonly xZero: number;
  readonly w: QuantizedData;
  readonly wShape: readonly number[];
  readonly wZero: Float64Array;
  readonly bias: Int32Array | undefined;
}

/** int32 accumulators in the layout of the output. */
function accumulate(op: Window & { readonly group: number }, d: ConvData, yShape: readonly number[]): Int32Array {
  const { kernel, stride, dilation, pad } = window3(op);
  const [inD, inH, inW] = spatial3(d.xShape) as [number, number, number];
  const [outD, outH, outW] = spatial3(yShape) as [number, number, number];
  const [kD, kH, kW] = kernel as [number, number, number];
  const channels = d.xShape[1] ?? 1;
  const perGroup = channels / op.group;
  const outputs = yShape[1] ?? 1;
  const outputsPerGroup = outputs / op.group;
  const acc = new Int32Array(elementCount(yShape));
  let o = 0;
  for (let n = 0; n < (yShape[0] ?? 1); n++) {
    for (let m = 0; m < outputs; m++) {
      const firstChannel = n * channels + Math.floor(m / outputsPerGroup) * perGroup;
      const wZero = d.wZero[m];
      for (let oz = 0; oz < outD; oz++) {
        for (let oy = 0; oy < outH; oy++) {
          for (let ox = 0; ox < outW; ox++) {
            let sum = d.bias === undefined ? 0 : d.bias[m];
            for (let c = 0; c < perGroup; c++) {
              for (let kz = 0; kz < kD; kz++) {
                const z = oz * stride[0] + kz * dilation[0] - pad[0];
                if (z < 0 || z >= inD) continue;
                for (let ky = 0; ky < kH; ky++) {
                  const y = oy * stride[1] + ky * dilation[1] - pad[1];
                  if (y < 0 || y >= inH) continue;
                  const xRow = (((firstChannel + c) * inD + z) * inH + y) * inW;
                  const wRow = (((m * perGroup + c) * kD + kz) * kH + ky) * kW;
                  for (let kx = 0; kx < kW; kx++) {
                    const column = ox * stride[2] + kx * dilation[2] - pad[2];
                    if (column >= 0 && column < inW) {
                      sum += (d.x[xRow + column] - d.xZero) * (d.w[wRow + kx] - wZero);
                    }
                  }
                }
              }
            }
            acc[o++] = sum;
          }
        }
      }
    }
  }
  return acc;
}

function runQLinearConv(op: OpOf<'QLinearConv'>, inputs: InputTensors): Tensor[] {
  const x = required(inputs[0], 'QLinearConv x');
  const w = required(inputs[3], 'QLinearConv w');
  const outputs = w.shape[0] ?? 1;
  const bias = inputs[8]?.data;
  if (bias !== undefined && !(bias instanceof Int32Array)) throw new OperatorError('QLinearConv bias must be int32');
  const yShape = convOutputShape(op, x.shape, outputs);
  const acc = accumulate(
    op,
    {
      x: quantizedData(x, 'QLinearConv x'),
      xShape: x.shape,
      xZero: scalar(inputs[2], 'QLinearConv xZero', 0),
      w: quantizedData(w, 'QLinearConv w'),
      wShape: w.shape,
      wZero: perChannel(inputs[5], outputs, 'QLinearConv wZero', 0),
      bias,
    },
    yShape,
  );
  const scales = perChannel(inputs[4], outputs, 'QLinearConv wScale');
  const m = multipliers(scalar(inputs[1], 'QLinearConv xScale'), scales, scalar(inputs[6], 'QLinearConv yScale'));
  const dtype = outputType(inputs[7], 'QLinearConv yZero');
  const yZero = scalar(inputs[7], 'QLinearConv yZero', 0);
  const range = limits(dtype, op.clamp);
  const out = allocate(dtype, acc.length);
  const area = elementCount(yShape.slice(2));
  for (let i = 0; i < acc.length; i++) {
    out[i] = requantize(acc[i], m[Math.floor(i / area) % outputs], yZero, range);
  }
  return [tensor(dtype, yShape, out)];
}

function runConvInteger(op: OpOf<'ConvInteger'>, inputs: InputTensors): Tensor[] {
  const x = required(inputs[0], 'ConvInteger x');
  const w = required(inputs[1], 'ConvInteger w');
  const outputs = w.shape[0] ?? 1;
  const yShape = convOutputShape(op, x.shape, outputs);
  const acc = accumulate(
    op,
    {
      x: quantizedData(x, 'ConvInteger x'),
      xShape: x.shape,
      xZero: scalar(inputs[2], 'ConvInteger xZero', 0),
      w: quantizedData(w, 'ConvInteger w'),
      wShape: w.shape,
      wZero: perChannel(inputs[3], outputs, 'ConvInteger wZero', 0),
      bias: undefined,
    },
    yShape,
  );
  return [tensor('int32', yShape, acc)];
}

function outputShape(op: Window, x: TensorType | undefined, w: TensorType | undefined): number[] {
  return convOutputShape(op, required(x, 'convolution x').shape, required(w, 'convolution w').shape[0] ?? 1);
}

export const qlinearConv: OpDefinition<'QLinearConv'> = {
  inferShape: (op, inputs) => [
    { dtype: outputType(inputs[7], 'QLinearConv yZero'), shape: outputShape(op, inputs[0], inputs[3]) },
  ],
  run: runQLinearConv,
};

export const convInteger: OpDefinition<'ConvInteger'> = {
  inferShape: (op, inputs) => [{ dtype: 'int32', shape: outputShape(op, inputs[0], inputs[1]) }],
  run: runConvInteger,
};
