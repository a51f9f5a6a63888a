/** ONNX files and tensors for the commands that work on one model. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Graph, Tensor } from '@tinypareto/evaluators';
import { EXIT, UserError } from '../errors.ts';
import { naming } from '../runner/input-errors.ts';

/** The graph of an ONNX file; QDQ patterns become integer operators, so that what runs is what a device would run. */
export async function loadModel(file: string, inputShapes?: ReadonlyMap<string, readonly number[]>): Promise<Graph> {
  const bytes = await readFile(file);
  const { fuseQuantized, importOnnx } = await import('@tinypareto/evaluators');
  return naming(file, () => fuseQuantized(importOnnx(bytes, inputShapes === undefined ? {} : { inputShapes })));
}

/** The graph as the file has it, for training and compression. */
export async function loadTrainableModel(file: string): Promise<Graph> {
  const bytes = await readFile(file);
  const { importOnnx } = await import('@tinypareto/evaluators');
  return naming(file, () => importOnnx(bytes));
}

/** Reads `--input` values: `name=file.npy`, or one `file.npy` for a model with one input. Keys are names, or '' for the latter. */
export async function readInputs(values: readonly string[]): Promise<Map<string, { tensor: Tensor; file: string }>> {
  const { readNpy } = await import('@tinypareto/evaluators');
  const inputs = new Map<string, { tensor: Tensor; file: string }>();
  for (const value of values) {
    const at = value.indexOf('=');
    const [name, file] = at < 0 ? ['', value] : [value.slice(0, at), value.slice(at + 1)];
    if (inputs.has(name)) {
      throw new UserError({
        code: 'USAGE',
        message: name === '' ? 'several inputs need names' : `input ${JSON.stringify(name)} is given twice`,
        hint: '--input name=file.npy for each input',
        exitCode: EXIT.usage,
      });
    }
    const bytes = await readFile(file);
    inputs.set(name, { file, tensor: await naming(file, () => readNpy(bytes)) });
  }
  return inputs;
}

/**
 * Imports a model for these inputs (symbolic dimensions take their sizes) and pairs each graph input with its tensor. Throws
 * UserError WRONG_INPUTS or WRONG_SHAPE naming the input, what it takes and what it got.
 */
export async function loadModelFor(
  file: string,
  given: ReadonlyMap<string, { tensor: Tensor; file: string }>,
): Promise<{ graph: Graph; feeds: Map<string, Tensor> }> {
  const named = await nameInputs(file, given);
  const graph = await loadModel(file, new Map([...named].map(([name, { tensor }]) => [name, tensor.shape])));
  const feeds = new Map<string, Tensor>();
  for (const info of graph.inputs) {
    const input = named.get(info.name);
    if (input === undefined) continue;
    const { tensor } = input;
    const fits = tensor.dtype === info.dtype && tensor.shape.join() === info.shape.join();
    if (!fits) {
      throw new UserError({
        code: 'WRONG_SHAPE',
        message: `input ${JSON.stringify(info.name)} takes ${info.dtype} [${info.shape.join(', ')}], the file has ${tensor.dtype} [${tensor.shape.join(', ')}]`,
        where: input.file,
        hint: 'save the array with this shape and type',
      });
    }
    feeds.set(info.name, tensor);
  }
  return { graph, feeds };
}

async function nameInputs(
  file: string,
  given: ReadonlyMap<string, { tensor: Tensor; file: string }>,
): Promise<Map<string, { tensor: Tensor; file: string }>> {
  const names = (await loadModel(file)).inputs.map((info) => info.name);
  const single = given.get('');
  if (single !== undefined && given.size === 1 && names.length === 1) return new Map([[names[0] ?? '', single]]);
  const unknown = [...given.keys()].filter((name) => !names.includes(name));
  const missing = names.filter((name) => !given.has(name));
  if (unknown.length > 0 || missing.length > 0) {
    throw new UserError({
      code: 'WRONG_INPUTS',
      message: `the model has the inputs ${names.join(', ')}; ${missing.length > 0 ? `missing: ${missing.join(', ')}` : `unknown: ${unknown.join(', ')}`}`,
      where: file,
      hint: 'give each as --input name=file.npy',
      exitCode: EXIT.usage,
    });
  }
  return new Map(given);
}

export interface SavedTensor {
  readonly name: string;
  readonly file: string;
  readonly shape: readonly number[];
  readonly dtype: string;
}

/** Writes each tensor as `<name>.npy`, with characters that do not belong in file names replaced. */
export async function saveTensors(tensors: ReadonlyMap<string, Tensor>, folder: string): Promise<SavedTensor[]> {
  const { writeNpy } = await import('@tinypareto/evaluators');
  await mkdir(folder, { recursive: true });
  const taken = new Set<string>();
  const saved: SavedTensor[] = [];
  for (const [name, tensor] of tensors) {
    let base =
      name
        .replaceAll(/[^A-Za-z0-9._-]+/g, '_')
        .replace(/^\.+/, '_')
        .slice(0, 100) || 'output';
    while (taken.has(base)) base += '_';
    taken.add(base);
    const file = path.join(folder, `${base}.npy`);
    await writeFile(file, writeNpy(tensor));
    saved.push({ name, file, shape: tensor.shape, dtype: tensor.dtype });
  }
  return saved;
}
