/**
 * LSTM (ONNX), gates in the order i, o, f, c, with optional peepholes P:
 *   i = f(x Wi' + h Ri' + Pi ⊙ c + b),  f likewise (or 1 - i),  c~ = g(x Wc' + h Rc' + b),  C = f ⊙ c + i ⊙ c~
 *   o = f(x Wo' + h Ro' + Po ⊙ C + b),  H = o ⊙ h(C)
 */
import type { OpOf } from '../../ir/op.ts';
import { numbersOf, tensorOf } from '../elements.ts';
import type { OpDefinition } from '../op-definition.ts';
import { type InputTensors, requiredInput } from '../operator.ts';
import { activationFunction } from './activation.ts';
import { addProduct, clipped, recurrentBias, recurrentTypes, type StepContext, walkSequence } from './sequence.ts';

const GATES = 4;

/** The function that advances one step, for each direction. */
function stepper(op: OpOf<'LSTM'>, inputs: InputTensors): (context: StepContext) => void {
  const size = op.hiddenSize;
  const r = numbersOf(requiredInput(inputs, 2, 'r'));
  const peepholes = inputs[7] === undefined ? undefined : numbersOf(inputs[7]);
  const biases = [0, 1].map((direction) => recurrentBias(inputs, direction, GATES * size));
  const functions = op.activations.map(activationFunction);
  return ({ direction, fromInput, state }) => {
    const [gate, candidate, output] = functions.slice(3 * direction, 3 * direction + 3);
    const sums = fromInput.map((value, j) => value + biases[direction][j]);
    addProduct(sums, r, direction * GATES * size, state.h, 0, size);
    const peep = (which: number, k: number, cell: number): number =>
      peepholes === undefined ? 0 : peepholes[(3 * direction + which) * size + k] * cell;
    const [h, c] = [new Float32Array(size), new Float32Array(size)];
    for (let k = 0; k < size; k++) {
      const old = state.c[k];
      const i = gate(clipped(sums[k] + peep(0, k, old), op.clip));
      const f = op.inputForget ? 1 - i : gate(clipped(sums[2 * size + k] + peep(2, k, old), op.clip));
      const cell = f * old + i * candidate(clipped(sums[3 * size + k], op.clip));
      const o = gate(clipped(sums[size + k] + peep(1, k, cell), op.clip));
      c[k] = cell;
      h[k] = o * output(cell);
    }
    state.h = h;
    state.c = c;
  };
}

export const lstm: OpDefinition<'LSTM'> = {
  inferShape: (op, inputs) => recurrentTypes(op, GATES, inputs),
  run(op, inputs) {
    const types = recurrentTypes(op, GATES, inputs);
    const { y, h, c } = walkSequence(op, GATES, inputs, stepper(op, inputs));
    return [y, h, c].map((values, i) => tensorOf(types[i], values));
  },
};
