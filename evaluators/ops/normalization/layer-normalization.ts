/**
 * LayerNormalization over all axes from `axis` on, then times scale plus bias (broadcast to those axes). Optional outputs: the mean and
 * the inverse standard deviation, in float32, with the normalised axes kept as 1.
 */
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { broadcastPositions, broadcastShapes } from '../broadcast.ts';
import { numbersOf, scratchFor, tensorOf } from '../elements.ts';
import type { OpDefinition, TensorType } from '../op-definition.ts';
import { check, type InputTypes, normalizeAxis, requiredInput, shapeText } from '../operator.ts';
import { standardize } from './standardize.ts';

function inferShape(op: OpOf<'LayerNormalization'>, inputs: InputTypes): TensorType[] {
  const x = requiredInput(inputs, 0, 'input');
  const axis = normalizeAxis(op.axis, x.shape.length);
  const normalized = x.shape.slice(axis);
  for (const parameter of [requiredInput(inputs, 1, 'scale'), inputs[2]]) {
    if (parameter === undefined) continue;
    const common = broadcastShapes(normalized, parameter.shape);
    const fits = shapeText(common) === shapeText(normalized);
    check(fits, `scale or bias ${shapeText(parameter.shape)} does not broadcast to ${shapeText(normalized)}`);
  }
  const statistics: TensorType = { dtype: 'float32', shape: x.shape.map((size, i) => (i < axis ? size : 1)) };
  return [{ dtype: x.dtype, shape: x.shape }, statistics, statistics];
}

export const layerNormalization: OpDefinition<'LayerNormalization'> = {
  inferShape,
  run(op, inputs) {
    const [type, statistics] = inferShape(op, inputs);
    const normalized = type.shape.slice(normalizeAxis(op.axis, type.shape.length));
    const count = elementCount(normalized);
    const scaleTensor = requiredInput(inputs, 1, 'scale');
    const biasTensor = inputs[2];
    const scale = numbersOf(scaleTensor);
    const bias = biasTensor === undefined ? undefined : numbersOf(biasTensor);
    const scaleAt = broadcastPositions(scaleTensor.shape, normalized);
    const biasAt = biasTensor === undefined ? scaleAt : broadcastPositions(biasTensor.shape, normalized);
    const x = numbersOf(requiredInput(inputs, 0, 'input'));
    const { values, means, inverseDeviations } = standardize(x, count, op.epsilon);
    const out = scratchFor(type);
    for (let i = 0; i < out.length; i++) {
      const k = i % count;
      out[i] = values[i] * scale[scaleAt[k]] + (bias === undefined ? 0 : bias[biasAt[k]]);
    }
    return [tensorOf(type, out), tensorOf(statistics, means), tensorOf(statistics, inverseDeviations)];
  },
};
