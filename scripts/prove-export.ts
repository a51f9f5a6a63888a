/**
 * Do the exported files compute in ONNX Runtime what the device computes? Every reference network, compressed in every way
 * (bench/support/export-cases.ts), is exported and run by ONNX Runtime with its graph optimisations off and on, on real and random
 * inputs; its outputs are compared with those of the integer engine (integers: every byte; float: within 1e-5 of the largest) and, for a few inputs, with
 * the reference operators and with the generated C.
 *
 *   node scripts/prove-export.ts --python FILE [--networks REGEX] [--plans REGEX] [--random N] [--in-c N] [--keep FOLDER]
 *
 * FILE: a Python that has onnxruntime and numpy.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileInteger, elementCount, exportOnnx, tensor } from '@tinypareto/evaluators';
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

const LEVELS = ['disabled', 'all'] as const;
type Level = (typeof LEVELS)[number];
const FLOAT_TOLERANCE = 1e-5;

interface Subject extends Compressed {
  readonly name: string;
  readonly file: string;
  readonly input: string;
  readonly shape: readonly number[];
  /** One entry per sample. */
  readonly inputs: readonly Float32Array[];
  readonly expected: readonly Float32Array[];
}

interface Answer {
  readonly version: string;
  readonly results: readonly Record<Level, { readonly file?: string; readonly error?: string }>[];
}

/** Numbers of a sample that differ, and by how much at most (integers: in steps of the output's scale). */
interface Difference {
  readonly samples: number;
  readonly numbers: number;
  readonly largest: number;
}

/** The real inputs, then random ones over their range. */
function inputsOf({ dataset }: ExportNetwork, random: number): Float32Array[] {
  const { samples, count } = dataset.train;
  const width = samples.length / count;
  const real = Array.from({ length: count }, (_, i) => Float32Array.from(samples.subarray(i * width, (i + 1) * width)));
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of samples) {
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  const rng = createRng(1, 0, `inputs of ${dataset.name}`);
  const uniform = (): number => min + (max - min) * (rng.nextUint32() / 2 ** 32);
  return [...real, ...Array.from({ length: random }, () => Float32Array.from({ length: width }, uniform))];
}

function engineOutputs({ deployed }: Compressed, shape: readonly number[], inputs: readonly Float32Array[]) {
  const program = compileInteger(deployed);
  return inputs.map((data) => Float32Array.from(program.run([tensor('float32', shape, data)])[0].data as Float32Array));
}

async function subjectOf(
  network: ExportNetwork,
  what: string,
  plan: Parameters<typeof compressed>[1],
  random: number,
  folder: string,
  index: number,
): Promise<Subject> {
  const made = await compressed(network, plan);
  const { shape } = network.graph.inputs[0];
  const inputs = inputsOf(network, random);
  const file = path.join(folder, `${index}.onnx`);
  writeFileSync(file, exportOnnx(made.exported));
  const input = `${file}.input`;
  writeFileSync(input, Buffer.concat(inputs.map((each) => Buffer.from(each.buffer))));
  const expected = engineOutputs(made, shape, inputs);
  return { ...made, name: `${network.name}: ${what}`, file, input, shape, inputs, expected };
}

function runOnnxRuntime(python: string, subjects: readonly Subject[]): Answer {
  const models = subjects.map(({ file, input, shape, inputs }) => ({ file, input, shape, count: inputs.length }));
  const script = fileURLToPath(new URL('run-onnx-runtime.py', import.meta.url));
  const result = spawnSync(python, [script], {
    input: JSON.stringify({ levels: LEVELS, models }),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (result.status !== 0) throw new Error(`${python} failed: ${result.stderr || String(result.error)}`);
  return JSON.parse(result.stdout) as Answer;
}

function outputsIn(file: string, count: number): Float32Array[] {
  const bytes = readFileSync(file);
  const all = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const width = all.length / count;
  return Array.from({ length: count }, (_, i) => all.subarray(i * width, (i + 1) * width));
}

function difference(found: readonly Float32Array[], expected: readonly Float32Array[], isInteger: boolean): Difference {
  let [samples, numbers, largest] = [0, 0, 0];
  found.forEach((values, s) => {
    const scale = expected[s].reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    let own = 0;
    values.forEach((value, i) => {
      const distance = Math.abs(value - expected[s][i]);
      if (distance <= (isInteger ? 0 : FLOAT_TOLERANCE * Math.max(1e-6, scale))) return;
      own++;
      largest = Math.max(largest, distance);
    });
    numbers += own;
    if (own > 0) samples++;
  });
  return { samples, numbers, largest };
}

/** The generated C and the reference operators against ONNX Runtime's outputs. */
async function compareC(
  subjects: readonly Subject[],
  answers: readonly (readonly Float32Array[] | null)[],
  samples: number,
  folder: string,
) {
  const cases = subjects.flatMap((subject, at): Case[] => {
    const outputs = answers[at];
    if (outputs === null || samples === 0) return [];
    const { inputs, expected, deployed } = subject;
    // From both ends: real and random ones.
    const chosen = Array.from({ length: samples }, (_, i) => (i % 2 === 0 ? i / 2 : inputs.length - (i + 1) / 2));
    const [output] = deployed.outputs;
    const shape = deployed.values.get(output)?.shape ?? [elementCount([expected[0].length])];
    return [
      {
        name: subject.name,
        graph: deployed,
        reference: subject.isInteger ? 'ONNX Runtime fused' : 'ONNX Runtime',
        samples: chosen.map((i) => ({
          inputs: new Map([[deployed.inputs[0].name, tensor('float32', subject.shape, inputs[i])]]),
          outputs: new Map([[output, tensor('float32', shape, Float32Array.from(outputs[i]))]]),
        })),
      },
    ];
  });
  return compareAll(cases, folder);
}

const args = process.argv.slice(2);
const python = option(args, 'python', '');
if (python === '') {
  process.stderr.write('usage: node scripts/prove-export.ts --python FILE (a Python with onnxruntime and numpy)\n');
  process.exit(2);
}
const [networks, plans] = [new RegExp(option(args, 'networks', '.')), new RegExp(option(args, 'plans', '.'))];
const [random, inC] = [Number(option(args, 'random', '48')), Number(option(args, 'in-c', '2'))];
const kept = option(args, 'keep', '');
const folder = kept === '' ? mkdtempSync(path.join(tmpdir(), 'tinypareto-export-')) : kept;
mkdirSync(folder, { recursive: true });

const totals = { files: 0, inputs: 0, refused: 0, disabled: 0, all: 0, c: 0, interpreter: 0 };
const lines: string[] = [];
try {
  const chosen = EXPORT_NETWORKS.filter((name) => networks.test(name)).map((name) => exportNetwork(name, true));
  const subjectsOf = chosen.flatMap((each) =>
    endsInSoftmax(each) ? [each, exportNetwork(each.dataset.name, false)] : [each],
  );
  let version = '';
  for (const network of subjectsOf) {
    const subjects: Subject[] = [];
    for (const [what, plan] of exportPlans(network).filter(([name]) => plans.test(name)))
      subjects.push(await subjectOf(network, what, plan, random, folder, subjects.length));
    const answer = runOnnxRuntime(python, subjects);
    version = answer.version;
    const outputs = subjects.map((subject, at) => {
      const own = answer.results[at];
      totals.files++;
      totals.inputs += subject.inputs.length;
      for (const level of LEVELS) {
        const { file, error } = own[level];
        if (file === undefined) {
          totals.refused++;
          lines.push(`${subject.name}: refused with optimisations ${level}: ${error}`);
          continue;
        }
        const found = difference(outputsIn(file, subject.inputs.length), subject.expected, subject.isInteger);
        if (found.numbers === 0) continue;
        totals[level]++;
        lines.push(
          `${subject.name}: optimisations ${level}: ${found.numbers} numbers of ${found.samples} samples differ, at most by ${found.largest}`,
        );
      }
      const fused = own.all.file;
      return fused === undefined ? null : outputsIn(fused, subject.inputs.length);
    });
    for (const each of await compareC(subjects, outputs, inC, folder)) {
      const [c, interpreter] = [each.cAgainstReference[0] ?? each.refused, each.interpreterAgainstReference[0]];
      if (c !== undefined) totals.c++;
      if (interpreter !== undefined) totals.interpreter++;
      if (c !== undefined) lines.push(`${each.name}: C: ${c}`);
      if (interpreter !== undefined) lines.push(`${each.name}: reference operators: ${interpreter}`);
    }
    process.stderr.write(`${network.name}: ${subjects.length} files\n`);
  }
  for (const line of lines) process.stdout.write(`${line}\n`);
  process.stdout.write(
    `ONNX Runtime ${version}: ${totals.files} files, ${totals.inputs} inputs. Files whose outputs differ: ${totals.all} with optimisations on, ` +
      `${totals.disabled} with optimisations off; ${totals.refused} refused; C ${totals.c}, reference operators ${totals.interpreter}\n`,
  );
} finally {
  if (kept === '') rmSync(folder, { recursive: true, force: true });
}
