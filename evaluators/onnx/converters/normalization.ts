/** Normalisations. */
import { normalizeAxis } from '../../ops/operator.ts';
import type { Value } from '../graph-builder.ts';
import type { ConverterTable, NodeContext } from '../node-context.ts';

function batchNormalization(c: NodeContext) {
  const a = c.attributes;
  a.ignore('momentum', 'spatial', 'is_test', 'consumed_inputs');
  const training = a.flag('training_mode', false) || c.outputs.slice(1).some((name) => name !== '');
  if (training) throw c.unsupported('BatchNormalization is in training mode', 'Export the model in inference mode.');
  return c.result({ kind: 'BatchNormalization', epsilon: a.float('epsilon', 1e-5) }, c.inputs);
}

function layerNormalization(c: NodeContext) {
  c.attributes.ignore('stash_type');
  const axis = normalizeAxis(c.attributes.int('axis', -1), c.rank());
  return c.result({ kind: 'LayerNormalization', axis, epsilon: c.attributes.float('epsilon', 1e-5) }, c.inputs);
}

function groupNormalization(c: NodeContext) {
  c.attributes.ignore('stash_type');
  const groups = c.attributes.int('num_groups', 0);
  const epsilon = c.attributes.float('epsilon', 1e-5);
  return c.result({ kind: 'GroupNormalization', groups, epsilon, perChannelScale: c.opset >= 21 }, c.inputs);
}

function lrn(c: NodeContext) {
  const a = c.attributes;
  const op = {
    kind: 'LRN',
    alpha: a.float('alpha', 1e-4),
    beta: a.float('beta', 0.75),
    bias: a.float('bias', 1),
    size: a.int('size', 0),
  } as const;
  return c.result(op, c.inputs);
}

/** (x - mean) / (sqrt(E[x²] - mean²) + 1e-9), as the function body of MeanVarianceNormalization says. */
function meanVarianceNormalization(c: NodeContext): readonly Value[] {
  const x = c.input(0, 'input');
  const { dtype } = x.type;
  if (dtype !== 'float32' && dtype !== 'float16' && dtype !== 'float64')
    throw c.fail(`its input is ${dtype}, it must be a float`);
  const axes = (c.attributes.ints('axes') ?? [0, 2, 3])
    .map((axis) => normalizeAxis(axis, c.rank()))
    .sort((a, b) => a - b);
  const mean = c.step({ kind: 'Reduce', fn: 'Mean', axes, keepDims: true }, x);
  const centred = c.step({ kind: 'Binary', fn: 'Sub' }, x, mean);
  const squared = c.step({ kind: 'Binary', fn: 'Mul' }, centred, centred);
  const variance = c.step({ kind: 'Reduce', fn: 'Mean', axes, keepDims: true }, squared);
  const deviation = c.step({ kind: 'Unary', fn: 'Sqrt', alpha: 0, beta: 0 }, variance);
  const divisor = c.step({ kind: 'Binary', fn: 'Add' }, deviation, c.scalar('epsilon', dtype, 1e-9));
  return c.result({ kind: 'Binary', fn: 'Div' }, [centred, divisor]);
}

/** The smallest normal float32. */
const LEAST_NORM = 2 ** -126;

/** x / ‖x‖_p along one axis; zero where the norm is. */
function lpNormalization(c: NodeContext): readonly Value[] {
  const x = c.input(0, 'input');
  const axes = [normalizeAxis(c.attributes.int('axis', -1), c.rank())];
  const fn = c.attributes.int('p', 2) === 1 ? 'L1' : 'L2';
  const { dtype } = x.type;
  const norm = c.step({ kind: 'Reduce', fn, axes, keepDims: true }, x);
  if (dtype !== 'float32' && dtype !== 'float64') return c.result({ kind: 'Binary', fn: 'Div' }, [x, norm]);
  const divisor = c.step({ kind: 'Binary', fn: 'Max' }, norm, c.scalar('least', dtype, LEAST_NORM));
  return c.result({ kind: 'Binary', fn: 'Div' }, [x, divisor]);
}

/** x / sqrt(mean(x²) + epsilon) · scale over the axes from `axis` on. */
function rmsNormalization(c: NodeContext): readonly Value[] {
  const x = c.input(0, 'input');
  const { dtype } = x.type;
  if (dtype !== 'float32' && dtype !== 'float16' && dtype !== 'float64')
    throw c.fail(`its input is ${dtype}, it must be a float`);
  c.attributes.ignore('stash_type');
  const first = normalizeAxis(c.attributes.int('axis', -1), c.rank());
  const axes = Array.from({ length: c.rank() - first }, (_, i) => first + i);
  const square = c.step({ kind: 'Binary', fn: 'Mul' }, x, x);
  const mean = c.step({ kind: 'Reduce', fn: 'Mean', axes, keepDims: true }, square);
  const sum = c.step(
    { kind: 'Binary', fn: 'Add' },
    mean,
    c.scalar('epsilon', dtype, c.attributes.float('epsilon', 1e-5)),
  );
  const root = c.step({ kind: 'Unary', fn: 'Sqrt', alpha: 0, beta: 0 }, sum);
  return c.result({ kind: 'Binary', fn: 'Mul' }, [c.step({ kind: 'Binary', fn: 'Div' }, x, root), c.input(1, 'scale')]);
}

export const NORMALIZATION: ConverterTable = {
  BatchNormalization: batchNormalization,
  InstanceNormalization: (c) => {
    c.attributes.ignore('consumed_inputs');
    return c.result({ kind: 'InstanceNormalization', epsilon: c.attributes.float('epsilon', 1e-5) }, c.inputs);
  },
  LayerNormalization: layerNormalization,
  GroupNormalization: groupNormalization,
  LRN: lrn,
  LpNormalization: lpNormalization,
  MeanVarianceNormalization: meanVarianceNormalization,
  RMSNormalization: rmsNormalization,
};
