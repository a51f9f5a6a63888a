/** Loop counts of products of two computed int8 matrices: values laid out, blocks of columns multiplied, results. */
import type { Step } from '../program.ts';
import { nested, numberOf } from './field-values.ts';

/** Undefined for other calls. */
export function matmulCounts({ params, kernel }: Step): Map<string, number> | undefined {
  if (params?.struct !== 'dnnrt_matmul_s8_t') return undefined;
  const { fields } = params;
  const of = (name: string) => numberOf(fields, name);
  const batch = nested(fields['batch']) ?? {};
  const shape = Array.isArray(batch['shape']) ? (batch['shape'] as readonly number[]) : [];
  const batches = shape.slice(0, numberOf(batch, 'rank')).reduce((product, size) => product * size, 1);
  const [m, k, n] = [of('m'), of('k'), of('n')];
  const passes = batches * Math.ceil(n / Math.max(1, of('chunk')));
  const blocks = batches * Math.ceil(n / 4);
  const cells = kernel === 'dnnrt_matmul_s8_dsp' ? Math.ceil(k / 2) : k;
  return new Map([
    ['1', 1],
    ['batches', batches],
    ['passes', passes],
    ['rows', passes * m],
    ['row cells', passes * m * cells],
    ['columns', batches * n],
    ['column cells', batches * n * cells],
    ['blocks', m * blocks],
    ['block cells', m * blocks * cells],
    ['results', batches * m * n],
    ['results by column', of('column_step') * batches * m * n],
  ]);
}
