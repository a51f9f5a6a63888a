/** RNN (ONNX): H = f(x W' + h R' + Wb + Rb). */
import type { OpOf } from '../../ir/op.ts';
import { numbersOf, tensorOf } from '../elements.ts';
import type { OpDefinition } from '../op-definition.ts';
import { type InputTensors, requiredInput } from '../operator.ts';
import { activationFunction } from './activation.ts';
import { addProduct, clipped, recurrentBias, recurrentTypes, type StepContext, walkSequence } from './sequence.ts';

function stepper(op: OpOf<'RNN'>, inputs: InputTensors): (context: StepContext) => void {
  const size = op.hiddenSize;
  const r = numbersOf(requiredInput(inputs, 2, 'r'));
  const biases = [0, 1].map((direction) => recurrentBias(inputs, direction, size));
  const functions = op.activations.map(activationFunction);
  return ({ direction, fromInput, state }) => {
    const sums = fromInput.map((value, j) => value + biases[direction][j]);
    addProduct(sums, r, direction * size, state.h, 0, size);
    state.h = Float32Array.from(sums, (sum) => functions[direction](clipped(sum, op.clip)));
  };
}

export const rnn: OpDefinition<'RNN'> = {
  inferShape: (op, inputs) => recurrentTypes(op, 1, inputs),
  run(op, inputs) {
    const types = recurrentTypes(op, 1, inputs);
    const { y, h } = walkSequence(op, 1, inputs, stepper(op, inputs));
    return [y, h].map((values, i) => tensorOf(types[i], values));
  },
};
