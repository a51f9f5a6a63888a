/**
 * What LSTM, GRU and RNN share: shapes, directions, sequence lengths, and the walk over the steps. S steps, batch N, inputs I, hidden
 * size H, D directions, G gates. x [S,N,I], w [D,G·H,I], r [D,G·H,H], bias [D,2·G·H], h [D,N,H]; with `batchFirst` the batch is the first
 * axis of x, y and the states.
 */
import type { Recurrent } from '../../ir/op.ts';
import type { Tensor } from '../../ir/tensor.ts';
import { type NumberArray, numbersOf } from '../elements.ts';
import type { TensorType } from '../op-definition.ts';
import { check, type InputTensors, type InputTypes, requiredInput, shapeText } from '../operator.ts';

export interface Extent {
  readonly steps: number;
  readonly batch: number;
  readonly inputs: number;
  readonly hidden: number;
  readonly directions: number;
}

export function extentOf(op: Recurrent, gates: number, inputs: InputTypes): Extent {
  const x = requiredInput(inputs, 0, 'x');
  const w = requiredInput(inputs, 1, 'w');
  const r = requiredInput(inputs, 2, 'r');
  check(x.shape.length === 3, `x ${shapeText(x.shape)} must have 3 axes`);
  const [steps, batch] = op.batchFirst ? [x.shape[1], x.shape[0]] : x.shape;
  const extent = {
    steps,
    batch,
    inputs: x.shape[2],
    hidden: op.hiddenSize,
    directions: op.direction === 'bidirectional' ? 2 : 1,
  };
  const { directions, hidden } = extent;
  const states = op.batchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
  const expected: readonly (readonly [string, TensorType | undefined, readonly number[]])[] = [
    ['w', w, [directions, gates * hidden, extent.inputs]],
    ['r', r, [directions, gates * hidden, hidden]],
    ['bias', inputs[3], [directions, 2 * gates * hidden]],
    ['sequence_lens', inputs[4], [batch]],
    ['initial_h', inputs[5], states],
    ['initial_c', inputs[6], states],
    ['peepholes', inputs[7], [directions, 3 * hidden]],
  ];
  for (const [role, found, shape] of expected) {
    check(
      found === undefined || shapeText(found.shape) === shapeText(shape),
      `${role} ${shapeText(found?.shape ?? [])} must be ${shapeText(shape)}`,
    );
  }
  check(
    op.activations.length === directions * (gates === 4 ? 3 : gates === 3 ? 2 : 1),
    `${op.activations.length} activations do not fit ${directions} directions`,
  );
  return extent;
}

/** Types of y, the last h and, for LSTM, the last c. */
export function recurrentTypes(op: Recurrent, gates: number, inputs: InputTypes): TensorType[] {
  const { steps, batch, hidden, directions } = extentOf(op, gates, inputs);
  const { dtype } = requiredInput(inputs, 0, 'x');
  const all = op.batchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden];
  const last = op.batchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
  return [all, last, ...(gates === 4 ? [last] : [])].map((shape) => ({ dtype, shape }));
}

/** State of one direction and one sample during the walk. */
export interface State {
  h: Float32Array;
  c: Float32Array;
}

export interface StepContext {
  readonly direction: number;
  /** Pre-activations x_t · W' + Wb of one step, G·H. */
  readonly fromInput: Float64Array;
  readonly state: State;
}

function readState(tensor: Tensor | undefined, index: number, hidden: number): Float32Array {
  if (tensor === undefined) return new Float32Array(hidden);
  return Float32Array.from(numbersOf(tensor).subarray(index * hidden, (index + 1) * hidden));
}

/** out[j] += Σ_k m[row0 + j, k] · v[v0 + k] */
export function addProduct(
  out: Float64Array,
  m: NumberArray,
  row0: number,
  v: NumberArray,
  v0: number,
  width: number,
): void {
  for (let j = 0; j < out.length; j++) {
    const row = (row0 + j) * width;
    let sum = 0;
    for (let k = 0; k < width; k++) sum += m[row + k] * v[v0 + k];
    out[j] += sum;
  }
}

/**
 * Walks all directions, samples and steps; `advance` updates the state. Results: y (all h), last h, last c in ONNX's layout. Beyond a
 * sample's sequence length y is zero and the state stays.
 */
export function walkSequence(
  op: Recurrent,
  gates: number,
  tensors: InputTensors,
  advance: (context: StepContext) => void,
): { readonly y: Float32Array; readonly h: Float32Array; readonly c: Float32Array } {
  const { steps, batch, inputs, hidden, directions } = extentOf(op, gates, tensors);
  const x = numbersOf(requiredInput(tensors, 0, 'x'));
  const w = numbersOf(requiredInput(tensors, 1, 'w'));
  const bias = tensors[3] === undefined ? undefined : numbersOf(tensors[3]);
  const lengths = tensors[4] === undefined ? undefined : numbersOf(tensors[4]);
  const y = new Float32Array(steps * directions * batch * hidden);
  const h = new Float32Array(directions * batch * hidden);
  const c = new Float32Array(directions * batch * hidden);
  const width = gates * hidden;
  for (let direction = 0; direction < directions; direction++) {
    const backward = op.direction === 'reverse' || direction === 1;
    for (let n = 0; n < batch; n++) {
      const at = op.batchFirst ? n * directions + direction : direction * batch + n;
      const state: State = { h: readState(tensors[5], at, hidden), c: readState(tensors[6], at, hidden) };
      const length = Math.max(0, Math.min(steps, lengths === undefined ? steps : lengths[n]));
      for (let s = 0; s < length; s++) {
        const t = backward ? length - 1 - s : s;
        const fromInput = new Float64Array(width);
        if (bias !== undefined) for (let j = 0; j < width; j++) fromInput[j] = bias[direction * 2 * width + j];
        addProduct(
          fromInput,
          w,
          direction * width,
          x,
          (op.batchFirst ? n * steps + t : t * batch + n) * inputs,
          inputs,
        );
        advance({ direction, fromInput, state });
        const out = op.batchFirst ? (n * steps + t) * directions + direction : (t * directions + direction) * batch + n;
        y.set(state.h, out * hidden);
      }
      h.set(state.h, at * hidden);
      c.set(state.c, at * hidden);
    }
  }
  return { y, h, c };
}

/** Recurrent bias Rb [G·H] of a direction; zeros when there is none. */
export function recurrentBias(tensors: InputTensors, direction: number, width: number): Float64Array {
  const bias = tensors[3];
  if (bias === undefined) return new Float64Array(width);
  return Float64Array.from(numbersOf(bias).subarray((2 * direction + 1) * width, (2 * direction + 2) * width));
}

export function clipped(value: number, clip: number | null): number {
  return clip === null ? value : Math.max(-clip, Math.min(clip, value));
}
