/**
 * GRU (ONNX), gates in the order z, r, h:
 *   z = f(x Wz' + h Rz' + b),  r = f(x Wr' + h Rr' + b),  H = (1 - z) ⊙ h~ + z ⊙ h
 *   h~ = g(x Wh' + (r ⊙ h) Rh' + Rbh + Wbh), or with linear_before_reset g(x Wh' + r ⊙ (h Rh' + Rbh) + Wbh)
 */
import type { OpOf } from '../../ir/op.ts';
import { numbersOf, tensorOf } from '../elements.ts';
import type { OpDefinition } from '../op-definition.ts';
import { type InputTensors, requiredInput } from '../operator.ts';
import { activationFunction } from './activation.ts';
import { addProduct, clipped, recurrentBias, recurrentTypes, type StepContext, walkSequence } from './sequence.ts';

const GATES = 3;

function stepper(op: OpOf<'GRU'>, inputs: InputTensors): (context: StepContext) => void {
  const size = op.hiddenSize;
  const r = numbersOf(requiredInput(inputs, 2, 'r'));
  const biases = [0, 1].map((direction) => recurrentBias(inputs, direction, GATES * size));
  const functions = op.activations.map(activationFunction);
  return ({ direction, fromInput, state }) => {
    const [gate, candidate] = functions.slice(2 * direction, 2 * direction + 2);
    const bias = biases[direction];
    const gates = new Float64Array(2 * size);
    addProduct(gates, r, direction * GATES * size, state.h, 0, size);
    const open = gates.map((sum, j) => gate(clipped(sum + fromInput[j] + bias[j], op.clip)));
    const hidden = new Float64Array(size);
    const reset = state.h.map((value, k) => (op.linearBeforeReset ? value : value * open[size + k]));
    addProduct(hidden, r, (direction * GATES + 2) * size, reset, 0, size);
    state.h = state.h.map((old, k) => {
      const recurrent = hidden[k] + bias[2 * size + k];
      const sum = fromInput[2 * size + k] + (op.linearBeforeReset ? open[size + k] * recurrent : recurrent);
      return (1 - open[k]) * candidate(clipped(sum, op.clip)) + open[k] * old;
    });
  };
}

export const gru: OpDefinition<'GRU'> = {
  inferShape: (op, inputs) => recurrentTypes(op, GATES, inputs),
  run(op, inputs) {
    const types = recurrentTypes(op, GATES, inputs);
    const { y, h } = walkSequence(op, GATES, inputs, stepper(op, inputs));
    return [y, h].map((values, i) => tensorOf(types[i], values));
  },
};
