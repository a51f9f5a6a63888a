/**
 * Losses that exporters leave at the end of a network, with their targets as inputs. x [N, C, d…] are logarithms of probabilities, t [N, d…]
 * class numbers, w [C] weights:  loss = −w[t] · x[n, t, d…], where t is `ignore_index` 0; `mean` divides by the sum of the weights used.
 */
import { tensorOf } from '../../ops/elements.ts';
import type { Value } from '../graph-builder.ts';
import type { ConverterTable, NodeContext } from '../node-context.ts';

function reduced(c: NodeContext, x: Value): Value {
  const axes = x.type.shape.map((_, axis) => axis);
  return c.step({ kind: 'Reduce', fn: 'Sum', axes, keepDims: false }, x);
}

function negativeLogLikelihood(c: NodeContext, x: Value): Value {
  const reduction = c.attributes.choice('reduction', ['none', 'sum', 'mean'], 'mean');
  const ignored = c.attributes.optionalInt('ignore_index');
  const [target, weight] = [c.input(1, 'target'), c.inputs[2]];
  const { dtype } = x.type;
  if (dtype !== 'float32' && dtype !== 'float16' && dtype !== 'float64')
    throw c.fail(`its input is ${dtype}, it must be a float`);
  const { shape, dtype: targetType } = target.type;
  if (targetType !== 'int64' && targetType !== 'int32')
    throw c.fail(`the target is ${targetType}, it must be an integer`);
  const [batch, classes, ...places] = x.type.shape;
  if (classes === undefined || shape.join() !== [batch, ...places].join())
    throw c.fail(`targets [${shape.join(', ')}] do not fit an input of [${x.type.shape.join(', ')}]`);
  if (weight !== undefined && weight.type.shape.join() !== String(classes))
    throw c.fail(`there must be one weight for each of ${classes} classes`);
  const index = (role: string, value: number): Value =>
    c.newConstant(role, tensorOf({ dtype: targetType, shape: [] }, Float64Array.of(value)));
  const skip =
    ignored === undefined ? undefined : c.step({ kind: 'Binary', fn: 'Equal' }, target, index('ignore', ignored));
  const safe = skip === undefined ? target : c.step({ kind: 'Where' }, skip, index('first', 0), target);
  const columns = c.step({ kind: 'Reshape', shape: shape.toSpliced(1, 0, 1) }, safe);
  const picked = c.step({ kind: 'Reshape', shape }, c.step({ kind: 'GatherElements', axis: 1 }, x, columns));
  const ones = c.step({ kind: 'Expand', shape }, c.scalar('one', dtype, 1));
  const used = weight === undefined ? ones : c.step({ kind: 'Gather', axis: 0 }, weight, safe);
  const weights = skip === undefined ? used : c.step({ kind: 'Where' }, skip, c.scalar('nothing', dtype, 0), used);
  const product = c.step({ kind: 'Binary', fn: 'Mul' }, picked, weights);
  const loss = c.step({ kind: 'Unary', fn: 'Neg', alpha: 0, beta: 0 }, product);
  if (reduction === 'none') return loss;
  if (reduction === 'sum') return reduced(c, loss);
  return c.step({ kind: 'Binary', fn: 'Div' }, reduced(c, loss), reduced(c, weights));
}

function softmaxCrossEntropy(c: NodeContext): readonly Value[] {
  const x = c.input(0, 'scores');
  const logarithms = c.step({ kind: 'Softmax', axis: 1, log: true, flatten: false }, x);
  return [negativeLogLikelihood(c, logarithms), logarithms];
}

export const LOSS: ConverterTable = {
  NegativeLogLikelihoodLoss: (c) => [negativeLogLikelihood(c, c.input(0, 'input'))],
  SoftmaxCrossEntropyLoss: softmaxCrossEntropy,
};
