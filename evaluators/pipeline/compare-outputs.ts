/** Whether a device computed what the interpreter computed: byte for byte for integer networks, closely for floating-point ones. */
import { floatOperators } from '../compress/fuse-quantized.ts';
import type { Graph } from '../ir/graph.ts';

/** Share of the largest output by which floating-point networks may differ: sums of a few thousand float32 products in another order. */
const FLOAT_TOLERANCE = 1e-4;

/** `floatTolerance` for outputs of the graph; nothing for a network that computes in integers. */
export function toleranceFor(graph: Graph): { readonly floatTolerance?: number } {
  return floatOperators(graph).length === 0 ? {} : { floatTolerance: FLOAT_TOLERANCE };
}

/** Where the outputs differ, in words; undefined when they agree. */
export function outputDifference(
  got: Uint8Array,
  expected: Uint8Array,
  floatTolerance: number | undefined,
): string | undefined {
  if (got.length !== expected.length) return `in length: ${got.length} bytes instead of ${expected.length}`;
  return floatTolerance === undefined ? byteDifference(got, expected) : floatDifference(got, expected, floatTolerance);
}

function byteDifference(got: Uint8Array, expected: Uint8Array): string | undefined {
  const at = expected.findIndex((byte, i) => got[i] !== byte);
  return at < 0 ? undefined : `at byte ${at} of ${expected.length}: ${got[at]} instead of ${expected[at]}`;
}

function floatDifference(got: Uint8Array, expected: Uint8Array, tolerance: number): string | undefined {
  const a = new Float32Array(Uint8Array.from(got).buffer);
  const b = new Float32Array(Uint8Array.from(expected).buffer);
  const largest = b.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const at = b.findIndex((value, i) => !(Math.abs((a[i] ?? Number.NaN) - value) <= tolerance * largest));
  return at < 0 ? undefined : `at element ${at}: ${a[at]} instead of ${b[at]}`;
}
