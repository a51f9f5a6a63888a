/**
 * Does the generated C compute what ONNX Runtime computes? Every operator test of the ONNX project, every reference model and every
 * random net of ../shared/models, in the interpreter and in C compiled for this computer (floats within 1e-5 of the largest value,
 * operator tests within their own tolerance, integer networks byte for byte against ONNX Runtime's fused kernels); then
 * random quantized operators with random inputs, C against the interpreter, byte for byte.
 *
 * With `--python FILE` (a Python with onnxruntime, onnx and numpy) ONNX Runtime itself computes random quantized networks in the same run,
 * `--networks N` of them (default 40) with 500 inputs each; scripts/compare-onnx-runtime.ts does that at length.
 *
 * Options: --samples N (per model, default 2), --random N (inferences per random operator, default 1000: 40,000 tensors; 25000
 * makes a million).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Case, type Comparison, compareAll, modelCase, modelNames, nodeCases } from '../test/support/exactness.ts';
import { randomIntegerCases } from '../test/support/random-integer-cases.ts';
import { compareWithRuntime, networkQuestion, noSums, type Sums } from '../test/support/runtime-comparison.ts';
import { type BenchOptions, type BenchResult, option } from './bench-result.ts';

const MODEL_FOLDERS = ['fuzz-nets', 'har', 'lenet', 'mlperf-tiny'];

interface Row {
  readonly set: string;
  readonly cases: number;
  readonly tensors: number;
  readonly elements: number;
  readonly compiled: number;
  readonly mismatches: {
    readonly interpreterReference: number;
    readonly cInterpreter: number;
    readonly cReference: number;
  };
  readonly different: readonly string[];
}

function summarize(set: string, results: readonly Comparison[]): Row {
  const total = (value: (result: Comparison) => number) => results.reduce((sum, result) => sum + value(result), 0);
  return {
    set,
    cases: results.length,
    tensors: total(({ tensors }) => tensors),
    elements: total(({ elements }) => elements),
    compiled: total(({ refused }) => (refused === undefined ? 1 : 0)),
    mismatches: {
      interpreterReference: total((result) => result.interpreterAgainstReference.length),
      cInterpreter: total((result) => result.cAgainstInterpreter.length),
      cReference: total((result) => result.cAgainstReference.length),
    },
    different: results.flatMap((result) => {
      const texts = [result.refused, ...result.cAgainstReference, ...result.cAgainstInterpreter];
      const first = texts.find((text) => text !== undefined) ?? result.interpreterAgainstReference[0];
      return first === undefined ? [] : [`${result.name}: ${first}`];
    }),
  };
}

const RUNTIME_SAMPLES = 500;

/** Random quantized networks in ONNX Runtime itself; undefined when it is not at hand. */
async function askRuntime(
  python: string,
  networks: number,
  folder: string,
): Promise<(Sums & { readonly version: string }) | undefined> {
  if (python === '') return undefined;
  const sums = noSums();
  const runtime = { python, level: 'integer', folder } as const;
  const version = await compareWithRuntime(networks, (i) => networkQuestion(i + 1, RUNTIME_SAMPLES), sums, runtime);
  return { version, ...sums };
}

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  const samples = Number(option(args, 'samples', '2'));
  const random = Number(option(args, 'random', '1000'));
  const folder = mkdtempSync(join(tmpdir(), 'tinypareto-exactness-'));
  try {
    const sets: readonly (readonly [string, () => readonly Case[]])[] = [
      ['ONNX operator tests', () => nodeCases()],
      ...MODEL_FOLDERS.map(
        (name) => [name, () => modelNames(name).map((model) => modelCase(name, model, samples))] as const,
      ),
      ['random quantized operators', () => randomIntegerCases(40, random)],
    ];
    const rows: Row[] = [];
    for (const [name, cases] of sets) rows.push(summarize(name, await compareAll(cases(), folder)));
    const live = await askRuntime(option(args, 'python', ''), Number(option(args, 'networks', '40')), folder);
    const stored = rows.reduce((sum, { mismatches }) => sum + mismatches.cReference + mismatches.cInterpreter, 0);
    const wrong = stored + (live?.integer.cDiffers ?? 0);
    return {
      name: 'exactness',
      figure: wrong,
      unit: 'output tensors of the generated C that differ',
      peer: 'onnx2c ea045cc rounds half away from zero and does not clamp; TFLM reference and optimised kernels differ in 0.16 % of elements (tensorflow#99072)',
      peerFigure: null,
      ratio: null,
      details: {
        tolerance: { operatorTests: '1e-5 + 1e-3 |y|', floatModels: '1e-5 max |y|', integer: 0 },
        sets: rows,
        ...(live && { onnxRuntime: live }),
      },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
