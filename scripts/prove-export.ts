/**
 * Do the exported files compute in ONNX Runtime what the device computes? Every reference network, compressed in every way
 * (bench/support/export-cases.ts), is exported and run by ONNX Runtime on real and random inputs: with its optimisations off, on as the platform
 * chooses, and on with signed activations kept (integer kernels). Outputs are compared with those of the integer engine (integers: every byte; float:
 * within 1e-5 of the largest) and, for a few inputs, with the reference operators and the generated C.
 *
 *   node scripts/prove-export.ts --python FILE [--networks REGEX] [--plans REGEX] [--random N] [--in-c N]
 *
 * FILE: a Python that has onnxruntime, onnx and numpy. Differences are printed as they are found. Where the runtime has no integer kernel (4-bit
 * weights, some operators) it computes in float, and a number near a tie may be a step off; where a plan keeps a layer in float between quantized
 * ones it quantizes that layer by itself: such files are counted apart (partlyFloat). Ends with 1 when a file
 * that runs in integers differs, or a float one, or one is refused.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type CompressionPlan, compileInteger, exportOnnx, type Tensor, tensor } from '@tinypareto/evaluators';
import { createRng } from '@tinypareto/optimizer';
import { option } from '../bench/bench-result.ts';
import {
  type Compressed,
  compressed,
  EXPORT_NETWORKS,
  type ExportNetwork,
  endsInSoftmax,
  exportNetwork,
  exportPlans,
} from '../bench/support/export-cases.ts';
import { type Case, compareAll } from '../test/support/exactness.ts';
import {
  type RuntimeLevel,
  type RuntimeOutputs,
  runOnnxRuntime,
  runsInIntegers,
} from '../test/support/onnx-runtime.ts';

const LEVELS = ['none', 'default', 'integer'] as const satisfies readonly RuntimeLevel[];
const FLOAT_TOLERANCE = 1e-5;

interface Subject extends Compressed {
  readonly name: string;
  readonly model: Uint8Array;
  /** One entry per sample: inputs by name, and the first output as the engine computes it. */
  readonly inputs: readonly ReadonlyMap<string, Tensor>[];
  readonly expected: readonly Tensor[];
}

/** The real inputs, then random ones over their range. */
function inputsOf({ dataset, graph }: ExportNetwork, random: number): ReadonlyMap<string, Tensor>[] {
  const { samples, count } = dataset.train;
  const [{ name, shape }] = graph.inputs;
  const width = samples.length / count;
  const real = Array.from({ length: count }, (_, i) => Float32Array.from(samples.subarray(i * width, (i + 1) * width)));
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of samples) {
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  const rng = createRng(1, 0, `inputs of ${dataset.name}`);
  const uniform = (): number => min + (max - min) * (rng.nextUint32() / 2 ** 32);
  const made = Array.from({ length: random }, () => Float32Array.from({ length: width }, uniform));
  return [...real, ...made].map((data) => new Map([[name, tensor('float32', shape, data)]]));
}

async function subjectOf(
  network: ExportNetwork,
  what: string,
  plan: CompressionPlan,
  inputs: readonly ReadonlyMap<string, Tensor>[],
): Promise<Subject> {
  const made = await compressed(network, plan);
  const program = compileInteger(made.deployed);
  const expected = inputs.map((sample) => program.run([...sample.values()])[0]);
  return { ...made, name: `${network.name}: ${what}`, model: exportOnnx(made.exported), inputs, expected };
}

/** Numbers that differ, in how many samples and by how much at most; null where none does. */
function difference(found: readonly Tensor[], { expected, isInteger }: Subject): string | null {
  let [samples, numbers, largest] = [0, 0, 0];
  found.forEach(({ data }, s) => {
    const wanted = expected[s].data;
    let scale = 0;
    for (const value of wanted) scale = Math.max(scale, Math.abs(Number(value)));
    const allowed = isInteger ? 0 : FLOAT_TOLERANCE * scale;
    let own = 0;
    for (let i = 0; i < wanted.length; i++) {
      const distance = Math.abs(Number(data[i]) - Number(wanted[i]));
      if (distance <= allowed) continue;
      own++;
      largest = Math.max(largest, distance);
    }
    numbers += own;
    if (own > 0) samples++;
  });
  return numbers === 0 ? null : `${numbers} numbers of ${samples} samples differ, at most by ${largest}`;
}

/** The runtime turns a float layer between quantized ones into an integer one with weights that it rounds itself. */
function quantizesMore({ operators }: RuntimeOutputs, { deployed }: Subject): boolean {
  const count = (kinds: readonly string[]): number => kinds.filter((kind) => /^(QGemm|QLinearConv)$/.test(kind)).length;
  return count(operators) > count(deployed.nodes.map(({ op }) => op.kind));
}

/** For the generated C and the reference operators: ONNX Runtime's outputs of `samples` inputs, real and random ones. */
function caseOf(subject: Subject, outputs: readonly Tensor[], samples: number): Case {
  const { name, deployed, isInteger, inputs } = subject;
  const chosen = Array.from({ length: samples }, (_, i) => (i % 2 === 0 ? i / 2 : inputs.length - (i + 1) / 2));
  const [output] = deployed.outputs;
  return {
    name,
    graph: deployed,
    reference: isInteger ? 'ONNX Runtime fused' : 'ONNX Runtime',
    samples: chosen.map((i) => ({ inputs: inputs[i], outputs: new Map([[output, outputs[i]]]) })),
  };
}

const args = process.argv.slice(2);
const python = option(args, 'python', '');
if (python === '') {
  process.stderr.write(
    'usage: node scripts/prove-export.ts --python FILE (a Python with onnxruntime, onnx and numpy)\n',
  );
  process.exit(2);
}
const [networks, plans] = [new RegExp(option(args, 'networks', '.')), new RegExp(option(args, 'plans', '.'))];
const [random, inC] = [Number(option(args, 'random', '48')), Number(option(args, 'in-c', '2'))];
const folder = mkdtempSync(path.join(tmpdir(), 'tinypareto-export-'));
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const different = { none: 0, default: 0, integer: 0, partlyFloat: 0, c: 0, operators: 0, refused: 0 };
let [files, inIntegers, inferences, wrong, version] = [0, 0, 0, 0, ''];

async function prove(network: ExportNetwork): Promise<void> {
  const inputs = inputsOf(network, random);
  const subjects: Subject[] = [];
  for (const [what, plan] of exportPlans(network).filter(([name]) => plans.test(name)))
    subjects.push(await subjectOf(network, what, plan, inputs));
  files += subjects.length;
  inferences += subjects.length * inputs.length;
  const cases: Case[] = [];
  for (const level of LEVELS) {
    const jobs = subjects.map(({ model }) => ({ model, samples: inputs }));
    const run = runOnnxRuntime(python, jobs, folder, level);
    version = run.version;
    run.answers.forEach((answer, at) => {
      const subject = subjects[at];
      if ('error' in answer) {
        different.refused++;
        wrong++;
        say(`${subject.name}: refused (${level}): ${answer.error}`);
        return;
      }
      const outputs = answer.samples.flatMap((sample) => [...sample.values()].slice(0, 1));
      const text = difference(outputs, subject);
      // Without integers there is nothing to be exact about but rounding; with them, only a runtime that has their kernels is.
      const isExact = !subject.isInteger || (runsInIntegers(answer) && !quantizesMore(answer, subject));
      if (level === 'integer' && subject.isInteger && isExact) inIntegers++;
      if (text !== null) {
        different[level === 'integer' && !isExact ? 'partlyFloat' : level]++;
        if (level === 'integer' && isExact) wrong++;
        say(`${subject.name}: ${level}${isExact ? '' : ', not the same kernels'}: ${text}`);
      }
      if (level === 'integer' && isExact && inC > 0) cases.push(caseOf(subject, outputs, inC));
    });
  }
  for (const each of await compareAll(cases, folder)) {
    const [c, operators] = [each.refused ?? each.cAgainstReference[0], each.interpreterAgainstReference[0]];
    if (c !== undefined) {
      different.c++;
      wrong++;
      say(`${each.name}: C: ${c}`);
    }
    if (operators !== undefined) {
      different.operators++;
      say(`${each.name}: reference operators: ${operators}`);
    }
  }
  say(`${network.name}: ${subjects.length} files, ${inputs.length} inputs each`);
}

try {
  for (const name of EXPORT_NETWORKS.filter((each) => networks.test(each))) {
    const network = exportNetwork(name, true);
    await prove(network);
    if (endsInSoftmax(network)) await prove(exportNetwork(name, false));
  }
  say(
    `ONNX Runtime ${version}: ${files} files (${inIntegers} run in integers throughout), ${inferences} inferences a level. Files that differ: ${JSON.stringify(different)}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = wrong > 0 ? 1 : 0;
