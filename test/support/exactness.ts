/**
 * Three ways to compute one network: the interpreter, the generated C on this computer, and stored references. Counts tensors
 * compared and tensors that differ.
 */
import { readdirSync } from 'node:fs';
import {
  fuseQuantized,
  type Graph,
  importForFeeds,
  importOnnx,
  interpret,
  lower,
  type Tensor,
} from '@tinypareto/evaluators';
import { BuildError } from '../../evaluators/build/build-error.ts';
import { UnsupportedNodesError } from '../../evaluators/codegen/codegen-error.ts';
import { portBytes, portTensor } from '../../evaluators/codegen/emit/port-data.ts';
import type { Program } from '../../evaluators/codegen/program.ts';
import { board } from './boards.ts';
import { buildHostBatch, type HostBatch } from './host-batch.ts';
import { nodeCaseNames, readNodeCase } from './onnx-node-case.ts';
import { modelBytes, referenceIo, referenceTensors } from './reference-io.ts';
import { sharedPath } from './shared.ts';

export type Reference = 'ONNX suite' | 'ONNX Runtime' | 'ONNX Runtime fused' | 'none';

export interface Sample {
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly outputs: ReadonlyMap<string, Tensor>;
}

export interface Case {
  readonly name: string;
  /** As it is compiled: quantized patterns fused. */
  readonly graph: Graph;
  readonly reference: Reference;
  readonly samples: readonly Sample[];
}

export interface Comparison {
  readonly name: string;
  /** Output tensors computed. */
  readonly tensors: number;
  readonly elements: number;
  /** Why it does not compile or run in C; absent when it does. */
  readonly refused?: string;
  /** What differs, one text a tensor. */
  readonly interpreterAgainstReference: readonly string[];
  readonly cAgainstInterpreter: readonly string[];
  readonly cAgainstReference: readonly string[];
}

/** Cases of the ONNX project's operator tests. */
export function nodeCases(names: readonly string[] = nodeCaseNames()): Case[] {
  return names.flatMap((name) => {
    const { model, sets } = readNodeCase(name);
    return sets.map(({ inputs, outputs }): Case => {
      const graph = fuseQuantized(importForFeeds(model, inputs).graph);
      return { name, graph, reference: 'ONNX suite', samples: [{ inputs, outputs }] };
    });
  });
}

/** Names of the models in a folder of ../shared/models, without `.onnx`. */
export function modelNames(folder: string): string[] {
  const files = readdirSync(sharedPath('models', folder)).filter((file) => file.endsWith('.onnx'));
  return files.map((file) => file.slice(0, -'.onnx'.length)).sort();
}

/** A reference model; those with integer kernels are compared with the fused outputs. */
export function modelCase(folder: string, name: string, samples: number): Case {
  const graph = fuseQuantized(importOnnx(modelBytes(folder, name)));
  const io = referenceIo(folder, name);
  const kind = io.tensors.some((entry) => entry.kind === 'output_fused') ? 'output_fused' : 'output';
  return {
    name: `${folder}/${name}`,
    graph,
    reference: kind === 'output' ? 'ONNX Runtime' : 'ONNX Runtime fused',
    samples: Array.from({ length: Math.min(samples, io.samples) }, (_, sample) => ({
      inputs: referenceTensors(folder, io, 'input', sample),
      outputs: referenceTensors(folder, io, kind, sample),
    })),
  };
}

const SUITE_TOLERANCE = { absolute: 1e-5, relative: 1e-3 };

/** What differs most; undefined when the tensors agree. Floats within 1e-5 of the largest value (the suite: 1e-5 + 1e-3 of each), everything else exactly. */
export function difference(actual: Tensor | undefined, expected: Tensor, reference: Reference): string | undefined {
  if (actual === undefined) return 'missing';
  if (actual.dtype !== expected.dtype) return `${actual.dtype} instead of ${expected.dtype}`;
  if (actual.shape.join() !== expected.shape.join()) return `[${actual.shape}] instead of [${expected.shape}]`;
  const isFloat = expected.dtype.startsWith('float');
  const exact = !isFloat || reference === 'ONNX Runtime fused';
  let largest = 0;
  for (const value of expected.data)
    if (Number.isFinite(Number(value))) largest = Math.max(largest, Math.abs(Number(value)));
  let wrong = 0;
  let worst = '';
  let gap = 0;
  for (let i = 0; i < expected.data.length; i++) {
    const [a, e] = [actual.data[i], expected.data[i]];
    if (a === e || (Number.isNaN(a) && Number.isNaN(e))) continue;
    const distance = Math.abs(Number(a) - Number(e));
    const half = expected.dtype === 'float16' ? 2 ** -10 : 0;
    const allowed =
      reference === 'ONNX suite'
        ? SUITE_TOLERANCE.absolute + (SUITE_TOLERANCE.relative + half) * Math.abs(Number(e))
        : (1e-5 + half) * largest;
    if (!exact && distance <= allowed) continue;
    wrong++;
    if (!(distance <= gap)) {
      gap = distance;
      worst = `element ${i}: ${a} instead of ${e}`;
    }
  }
  return wrong === 0 ? undefined : `${wrong} of ${expected.data.length} elements, ${worst}`;
}

function compare(
  actual: ReadonlyMap<string, Tensor>,
  expected: ReadonlyMap<string, Tensor>,
  reference: Reference,
): string[] {
  return [...expected].flatMap(([name, tensor]) => {
    const text = difference(actual.get(name), tensor, reference);
    return text === undefined ? [] : [`${name}: ${text}`];
  });
}

/** Compiles all cases together and compares; a case that does not compile says why. */
export async function compareAll(cases: readonly Case[], folder: string): Promise<Comparison[]> {
  const lowered = cases.map((each, index) => tryLower(each, index));
  const programs = lowered.filter((entry) => typeof entry !== 'string');
  const batch = await buildWhatCompiles(programs, folder);
  const results: Comparison[] = [];
  for (const [index, each] of cases.entries()) {
    const entry = lowered[index];
    const program = typeof entry === 'string' ? undefined : entry;
    const refused = typeof entry === 'string' ? entry : program && batch.refused.get(program);
    results.push(await compareCase(each, program, refused, batch));
  }
  return results;
}

interface Batch {
  readonly place: ReadonlyMap<Program, number>;
  readonly refused: ReadonlyMap<Program, string>;
  readonly host: HostBatch | undefined;
}

function tryLower({ graph }: Case, index: number): Program | string {
  try {
    return lower(graph, board('host'), { prefix: `n${index}` });
  } catch (error) {
    if (!(error instanceof UnsupportedNodesError)) throw error;
    return error.message;
  }
}

/** When the compiler refuses the whole, halves find the network that it refuses. */
async function buildWhatCompiles(programs: readonly (Program | undefined)[], folder: string): Promise<Batch> {
  const refused = new Map<Program, string>();
  const sound: Program[] = [];
  const sift = async (part: readonly Program[]): Promise<void> => {
    if (part.length === 0) return;
    try {
      await buildHostBatch(part, folder);
      sound.push(...part);
    } catch (error) {
      const [only] = part;
      if (!(error instanceof BuildError)) throw error;
      if (part.length === 1 && only !== undefined) refused.set(only, error.message);
      else {
        await sift(part.slice(0, part.length >> 1));
        await sift(part.slice(part.length >> 1));
      }
    }
  };
  const list = programs.filter((program) => program !== undefined);
  try {
    const host = list.length > 0 ? await buildHostBatch(list, folder) : undefined;
    return { host, refused, place: new Map(list.map((program, index) => [program, index])) };
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    await sift(list);
    const host = sound.length > 0 ? await buildHostBatch(sound, folder) : undefined;
    return { host, refused, place: new Map(sound.map((program, index) => [program, index])) };
  }
}

async function compareCase(
  { name, graph, reference, samples }: Case,
  program: Program | undefined,
  refusal: string | undefined,
  batch: Batch,
): Promise<Comparison> {
  const expected = samples.map(({ inputs }) => interpret(graph, inputs));
  const interpreted = expected.map((results) => new Map(graph.outputs.map((output) => [output, results.get(output)])));
  const ofInterpreter = samples.flatMap(({ outputs }, i) => compare(expected[i] ?? new Map(), outputs, reference));
  let refused = refusal;
  const againstInterpreter: string[] = [];
  const againstReference: string[] = [];
  const place = program && batch.place.get(program);
  if (program !== undefined && place !== undefined && batch.host !== undefined) {
    try {
      const feeds = samples.map(({ inputs }) =>
        program.inputs.map((port) => {
          const value = inputs.get(port.name);
          if (value === undefined) throw new RangeError(`no input ${port.name}`);
          return portBytes(value);
        }),
      );
      const runs = await batch.host.run(place, feeds);
      runs.forEach((outputs, i) => {
        const computed = new Map(
          program.outputs.map((port, o) => [port.name, portTensor(port, outputs[o] ?? new Uint8Array())]),
        );
        const wanted = new Map([...(interpreted[i] ?? [])].flatMap(([key, value]) => (value ? [[key, value]] : [])));
        againstInterpreter.push(...compare(computed, wanted, reference));
        againstReference.push(...compare(computed, samples[i]?.outputs ?? new Map(), reference));
      });
    } catch (error) {
      if (!(error instanceof BuildError) && !(error instanceof RangeError)) throw error;
      refused = `runs not: ${error.message}`;
    }
  }
  const outputs = samples.flatMap((sample) => [...sample.outputs.values()]);
  return {
    name,
    tensors: outputs.length,
    elements: outputs.reduce((sum, { data }) => sum + data.length, 0),
    ...(refused === undefined ? {} : { refused }),
    interpreterAgainstReference: ofInterpreter,
    cAgainstInterpreter: againstInterpreter,
    cAgainstReference: againstReference,
  };
}
