/**
 * The interpreter, the generated C on this computer, and ONNX Runtime itself: the same models with the same inputs. Networks of which the
 * runtime runs a part in float, because it has no integer kernel for it, are counted apart.
 */
import { exportOnnx, fuseQuantized, importOnnx, type Tensor } from '@tinypareto/evaluators';
import { type Case, type Comparison, compareAll, type Reference } from './exactness.ts';
import { type RuntimeAnswer, type RuntimeLevel, runOnnxRuntime } from './onnx-runtime.ts';
import { randomFeeds, randomQuantizedNetwork } from './random-quantized-network.ts';

/** Networks compiled into one program. */
const CHUNK = 20;
export const EXACT: Reference = 'ONNX Runtime fused';

export interface Question {
  /** How near the outputs have to be. */
  readonly reference: Reference;
  readonly name: string;
  readonly model: Uint8Array;
  readonly samples: readonly ReadonlyMap<string, Tensor>[];
}

export interface Totals {
  models: number;
  tensors: number;
  elements: number;
  readonly refusedByRuntime: string[];
  readonly refusedByCompiler: string[];
  interpreterDiffers: number;
  cDiffers: number;
  readonly different: string[];
}

/** Networks that the runtime computes in integers throughout, and those of which it runs a part in float (where it has no integer kernel). */
export interface Sums {
  readonly integer: Totals;
  readonly partlyFloat: Totals;
}

const none = (): Totals => ({
  models: 0,
  tensors: 0,
  elements: 0,
  refusedByRuntime: [],
  refusedByCompiler: [],
  interpreterDiffers: 0,
  cDiffers: 0,
  different: [],
});

export const noSums = (): Sums => ({ integer: none(), partlyFloat: none() });

/** A random network with random inputs. */
export const networkQuestion = (seed: number, samples: number): Question => {
  const graph = randomQuantizedNetwork(seed);
  return {
    name: `network ${seed}`,
    reference: EXACT,
    model: exportOnnx(graph),
    samples: randomFeeds(graph, seed, samples),
  };
};

function caseOf({ name, model, reference, samples: feeds }: Question, answer: RuntimeAnswer): Case {
  if ('error' in answer) throw new Error(answer.error);
  return {
    name,
    graph: fuseQuantized(importOnnx(model)),
    reference,
    samples: feeds.map((inputs, i) => ({ inputs, outputs: answer.samples[i] ?? new Map() })),
  };
}

function add(totals: Totals, result: Comparison, kinds: string): void {
  totals.models++;
  totals.tensors += result.tensors;
  totals.elements += result.elements;
  totals.interpreterDiffers += result.interpreterAgainstReference.length;
  totals.cDiffers += result.cAgainstReference.length;
  if (result.refused !== undefined) totals.refusedByCompiler.push(`${result.name}: ${result.refused}`);
  const [first] = [...result.interpreterAgainstReference, ...result.cAgainstReference];
  if (first === undefined) return;
  const count = Math.max(result.interpreterAgainstReference.length, result.cAgainstReference.length);
  totals.different.push(`${result.name} (${kinds}): ${count} tensors, ${first}`);
}

/** Operators that move or convert numbers, and those that the runtime computes in integers. */
const INTEGER =
  /^(QLinear\w+|QGemm|QuantizeLinear|DequantizeLinear|Transpose|Reshape|Flatten|Squeeze|Unsqueeze|Concat|MaxPool)$/;

export interface Runtime {
  /** A Python with onnxruntime, onnx and numpy. */
  readonly python: string;
  readonly level: RuntimeLevel;
  /** For the files of both sides. */
  readonly folder: string;
}

async function compareChunk(questions: readonly Question[], sums: Sums, runtime: Runtime): Promise<string> {
  const { python, level, folder } = runtime;
  const { version, answers } = runOnnxRuntime(python, questions, folder, level);
  const cases = questions.flatMap((question, i) => {
    const answer = answers[i] ?? { error: 'no answer' };
    if ('error' in answer) {
      sums.integer.refusedByRuntime.push(`${question.name}: ${answer.error}`);
      return [];
    }
    return [{ case: caseOf(question, answer), operators: answer.operators }];
  });
  const results = await compareAll(
    cases.map((each) => each.case),
    folder,
  );
  results.forEach((result, i) => {
    const operators = cases[i]?.operators ?? [];
    const isInteger = operators.every((type) => INTEGER.test(type));
    add(isInteger ? sums.integer : sums.partlyFloat, result, operators.join(' '));
  });
  return version;
}

/** Adds what comes out of all questions to `sums`; `count` questions are made one chunk after the other. Returns the runtime's version. */
export async function compareWithRuntime(
  count: number,
  question: (index: number) => Question,
  sums: Sums,
  runtime: Runtime,
  progress: (done: number) => void = () => {},
): Promise<string> {
  let version = '';
  for (let done = 0; done < count; done += CHUNK) {
    const questions = Array.from({ length: Math.min(CHUNK, count - done) }, (_, i) => question(done + i));
    version = await compareChunk(questions, sums, runtime);
    progress(done + questions.length);
  }
  return version;
}
