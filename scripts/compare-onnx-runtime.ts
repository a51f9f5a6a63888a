/**
 * Integer outputs of three: the interpreter, the generated C on this computer, and ONNX Runtime itself with its integer kernels, over
 * random quantized networks and over the quantized models of ../shared/models. Prints one JSON object, networks of which the runtime runs a part
 * in float counted apart; ends with 1 when an output tensor of one that runs in integers differs.
 *
 * Options: --python FILE (a Python with onnxruntime and numpy; needed), --networks N (default 200), --samples N (random inputs per
 * network, default 100), --seed N (of the first network, default 1), --models FOLDER,… (of ../shared/models; default all, `none` for none),
 * --files DIR (the .onnx files of a folder with random inputs instead, operators in float compared within 1e-5 of the largest number),
 * --default-session (the runtime's own choice for signed activations, which on x86 runs part of them in float).
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportOnnx, fuseQuantized, importOnnx, OnnxImportError, type Tensor } from '@tinypareto/evaluators';
import { option } from '../bench/bench-result.ts';
import {
  type Case,
  type Comparison,
  compareAll,
  modelCase,
  modelNames,
  type Reference,
} from '../test/support/exactness.ts';
import { type RuntimeAnswer, type RuntimeLevel, runOnnxRuntime } from '../test/support/onnx-runtime.ts';
import { randomFeeds, randomInputs, randomQuantizedNetwork } from '../test/support/random-quantized-network.ts';
import { modelBytes } from '../test/support/reference-io.ts';

/** Networks compiled into one program. */
const CHUNK = 20;
const EXACT: Reference = 'ONNX Runtime fused';
const MODEL_FOLDERS = 'fuzz-nets,har,lenet,mlperf-tiny';

const args = process.argv.slice(2);
const python = option(args, 'python', '');
const networks = Number(option(args, 'networks', '200'));
const samples = Number(option(args, 'samples', '100'));
const level: RuntimeLevel = args.includes('--default-session') ? 'default' : 'integer';
const firstSeed = Number(option(args, 'seed', '1'));
const filesFolder = option(args, 'files', '');
const folders = (filesFolder === '' ? option(args, 'models', MODEL_FOLDERS) : 'none')
  .split(',')
  .filter((name) => name !== 'none');

interface Question {
  /** How near the outputs have to be. */
  readonly reference: Reference;
  readonly name: string;
  readonly model: Uint8Array;
  readonly samples: readonly ReadonlyMap<string, Tensor>[];
}

interface Totals {
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
interface Sums {
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

const noSums = (): Sums => ({ integer: none(), partlyFloat: none() });

const networkQuestion = (seed: number): Question => {
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

async function compareChunk(questions: readonly Question[], sums: Sums, folder: string): Promise<string> {
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

/** The integer models of a folder, with the inputs of their stored samples. */
function modelQuestions(folder: string): Question[] {
  return modelNames(folder).flatMap((name) => {
    const each = modelCase(folder, name, samples);
    if (each.reference !== 'ONNX Runtime fused') return [];
    return [
      {
        name: each.name,
        reference: EXACT,
        model: modelBytes(folder, name),
        samples: each.samples.map(({ inputs }) => inputs),
      },
    ];
  });
}

/** Models of a folder that can be imported; the others are listed. */
function fileQuestions(folder: string, refused: string[]): Question[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.onnx'));
  return files.sort().flatMap((name) => {
    try {
      const model = readFileSync(join(folder, name));
      const graph = importOnnx(model);
      const inputs = Array.from({ length: samples }, (_, i) => randomInputs(graph.inputs, firstSeed + i));
      const isInteger = graph.nodes.some(({ op }) => op.kind.startsWith('QLinear') || op.kind === 'QuantizeLinear');
      return [{ name, reference: isInteger ? EXACT : 'ONNX Runtime', model, samples: inputs }];
    } catch (error) {
      if (!(error instanceof OnnxImportError)) throw error;
      refused.push(`${name}: ${error.problems.map(({ message }) => message).join('; ')}`);
      return [];
    }
  });
}

if (python === '') {
  console.error('name a Python that has onnxruntime: --python FILE');
  process.exit(2);
}
const work = mkdtempSync(join(tmpdir(), 'tinypareto-compare-'));
try {
  const [random, models]: Sums[] = [noSums(), noSums()];
  let version = '';
  for (let done = 0; filesFolder === '' && done < networks; done += CHUNK) {
    const count = Math.min(CHUNK, networks - done);
    const questions = Array.from({ length: count }, (_, i) => networkQuestion(firstSeed + done + i));
    version = await compareChunk(questions, random, work);
    const { tensors, different } = random.integer;
    console.error(`${done + count} networks, ${tensors} tensors in integers, ${different.length} networks differ`);
  }
  if (filesFolder !== '') {
    const questions = fileQuestions(filesFolder, models.integer.refusedByCompiler);
    for (let done = 0; done < questions.length; done += CHUNK)
      version = await compareChunk(questions.slice(done, done + CHUNK), models, work);
  }
  for (const folder of folders) version = await compareChunk(modelQuestions(folder), models, work);
  console.log(JSON.stringify({ onnxRuntime: version, random, models }, null, 2));
  const differs = [random, models].some(({ integer }) => integer.interpreterDiffers + integer.cDiffers > 0);
  process.exitCode = differs ? 1 : 0;
} finally {
  rmSync(work, { recursive: true, force: true });
}
