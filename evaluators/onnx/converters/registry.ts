/** Which ONNX operators can be translated, by domain and operator type. */
import type { Converter, ConverterTable } from '../node-context.ts';
import { ATTENTION } from './attention.ts';
import { CONSTANTS } from './constants.ts';
import { EINSUM } from './einsum.ts';
import { ELEMENTWISE } from './elementwise.ts';
import { INDEXING } from './indexing.ts';
import { LAYOUT } from './layout.ts';
import { LINEAR } from './linear.ts';
import { LOSS } from './loss.ts';
import { MACHINE_LEARNING } from './machine-learning.ts';
import { MICROSOFT } from './microsoft.ts';
import { NORMALIZATION } from './normalization.ts';
import { QUANTIZATION } from './quantization.ts';
import { REARRANGE } from './rearrange.ts';
import { RECURRENT } from './recurrent.ts';
import { REDUCTION } from './reduction.ts';
import { RESIZE } from './resize.ts';
import { SAMPLING } from './sampling.ts';
import { SEQUENCES } from './sequences.ts';
import { SIGNAL } from './signal.ts';
import { WINDOW } from './window.ts';

const STANDARD = [
  ATTENTION,
  CONSTANTS,
  EINSUM,
  ELEMENTWISE,
  INDEXING,
  LAYOUT,
  LINEAR,
  LOSS,
  NORMALIZATION,
  QUANTIZATION,
  REARRANGE,
  RECURRENT,
  REDUCTION,
  RESIZE,
  SAMPLING,
  SEQUENCES,
  SIGNAL,
  WINDOW,
];

export const DOMAIN_NAMES = ['', 'ai.onnx.ml', 'com.microsoft'] as const;
export type DomainName = (typeof DOMAIN_NAMES)[number];

const DOMAINS: ReadonlyMap<string, ReadonlyMap<string, Converter>> = new Map([
  ['', tableOf(...STANDARD)],
  ['ai.onnx.ml', tableOf(MACHINE_LEARNING)],
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
export function supportedOperators(domain: DomainName): string[] {
  return [...(DOMAINS.get(domain)?.keys() ?? [])].sort();
}
