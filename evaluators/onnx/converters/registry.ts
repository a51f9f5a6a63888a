/** Which ONNX operators can be translated, by domain and operator type. */
import type { Converter, ConverterTable } from '../node-context.ts';
import { CONSTANTS } from './constants.ts';
import { ELEMENTWISE } from './elementwise.ts';
import { INDEXING } from './indexing.ts';
import { LAYOUT } from './layout.ts';
import { LINEAR } from './linear.ts';
import { MICROSOFT } from './microsoft.ts';
import { NORMALIZATION } from './normalization.ts';
import { QUANTIZATION } from './quantization.ts';
import { RECURRENT } from './recurrent.ts';
import { REDUCTION } from './reduction.ts';
import { RESIZE } from './resize.ts';
import { WINDOW } from './window.ts';

const DOMAINS: ReadonlyMap<string, ReadonlyMap<string, Converter>> = new Map([
  [
    '',
    tableOf(
      CONSTANTS,
      ELEMENTWISE,
      INDEXING,
      LAYOUT,
      LINEAR,
      NORMALIZATION,
      QUANTIZATION,
      RECURRENT,
      REDUCTION,
      RESIZE,
      WINDOW,
    ),
  ],
  ['com.microsoft', tableOf(MICROSOFT)],
]);

function tableOf(...tables: readonly ConverterTable[]): ReadonlyMap<string, Converter> {
  return new Map(tables.flatMap((table) => Object.entries(table)));
}

/** The standard domain has two spellings. */
export function normalizeDomain(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}

export function converterFor(domain: string, opType: string): Converter | undefined {
  return DOMAINS.get(domain)?.get(opType);
}

/** Operator types of a domain that can be translated, sorted. */
export function supportedOperators(domain: '' | 'com.microsoft'): string[] {
  return [...(DOMAINS.get(domain)?.keys() ?? [])].sort();
}
