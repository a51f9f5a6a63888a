/** Gather and its relatives. */
import { normalizeAxis } from '../../ops/operator.ts';
import type { ConverterTable } from '../node-context.ts';

export const INDEXING: ConverterTable = {
  Gather: (c) => c.result({ kind: 'Gather', axis: normalizeAxis(c.attributes.int('axis', 0), c.rank()) }, c.inputs),
};
