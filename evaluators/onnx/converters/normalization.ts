/** Normalisations. */
import type { ConverterTable, NodeContext } from '../node-context.ts';

function batchNormalization(c: NodeContext) {
  const a = c.attributes;
  a.ignore('momentum', 'spatial', 'is_test', 'consumed_inputs');
  if (a.flag('training_mode', false))
    throw c.unsupported('BatchNormalization is in training mode', 'Export the model in inference mode.');
  const op = { kind: 'BatchNormalization', epsilon: a.float('epsilon', 1e-5) } as const;
  if (c.outputs.slice(1).some((name) => name !== ''))
    throw c.unsupported('BatchNormalization has training outputs', 'Export the model in inference mode.');
  return c.result(op, c.inputs);
}

export const NORMALIZATION: ConverterTable = {
  BatchNormalization: batchNormalization,
};
