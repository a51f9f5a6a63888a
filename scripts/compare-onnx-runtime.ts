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
import { importOnnx, OnnxImportError } from '@tinypareto/evaluators';
import { option } from '../bench/bench-result.ts';
import { modelCase, modelNames } from '../test/support/exactness.ts';
import type { RuntimeLevel } from '../test/support/onnx-runtime.ts';
import { randomInputs } from '../test/support/random-quantized-network.ts';
import { modelBytes } from '../test/support/reference-io.ts';
import {
  compareWithRuntime,
  EXACT,
  networkQuestion,
  noSums,
  type Question,
} from '../test/support/runtime-comparison.ts';

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
  const runtime = { python, level, folder: work };
  const [random, models] = [noSums(), noSums()];
  const all = async (questions: readonly Question[]): Promise<string> =>
    compareWithRuntime(questions.length, (i) => questions[i] ?? networkQuestion(i, samples), models, runtime);
  let version = '';
  if (filesFolder !== '') version = await all(fileQuestions(filesFolder, models.integer.refusedByCompiler));
  else
    version = await compareWithRuntime(
      networks,
      (i) => networkQuestion(firstSeed + i, samples),
      random,
      runtime,
      (done) => {
        const { tensors, different } = random.integer;
        console.error(`${done} networks, ${tensors} tensors in integers, ${different.length} networks differ`);
      },
    );
  for (const folder of folders) version = await all(modelQuestions(folder));
  console.log(JSON.stringify({ onnxRuntime: version, random, models }, null, 2));
  const differs = [random, models].some(({ integer }) => integer.interpreterDiffers + integer.cDiffers > 0);
  process.exitCode = differs ? 1 : 0;
} finally {
  rmSync(work, { recursive: true, force: true });
}
