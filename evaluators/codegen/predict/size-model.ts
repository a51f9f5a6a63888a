/**
 * The measured size of runtime-c per core (size-model/*.json, written by scripts/measure-runtime-sizes.ts): which pieces of code and
 * constants each function brings along, compiler support routines included.
 */
import { readFileSync } from 'node:fs';
import type { CpuCore } from '../../board-spec.ts';

export interface SectionBytes {
  readonly text: number;
  readonly rodata: number;
  readonly data: number;
  readonly bss: number;
}

interface SizeModel {
  readonly compiler: string;
  readonly pieces: Readonly<Record<string, { readonly section: keyof SectionBytes; readonly bytes: number }>>;
  readonly functions: Readonly<Record<string, readonly string[]>>;
}

const models = new Map<CpuCore, SizeModel>();

/** Boards without a model of their own (the host) are counted as a Cortex-M4F. */
export function modelledCore(core: CpuCore): 'cortex-m0plus' | 'cortex-m4f' {
  return core === 'cortex-m0plus' ? core : 'cortex-m4f';
}

function sizeModel(core: CpuCore): SizeModel {
  const known = models.get(core);
  if (known !== undefined) return known;
  const path = new URL(`./size-model/${modelledCore(core)}.json`, import.meta.url);
  const model = JSON.parse(readFileSync(path, 'utf8')) as SizeModel;
  models.set(core, model);
  return model;
}

/** The pieces of code and constants in flash that the named functions need, each once. */
export function codePieces(
  core: CpuCore,
  functions: readonly string[],
): { readonly id: string; readonly bytes: number }[] {
  const model = sizeModel(core);
  const ids = new Set(functions.flatMap((name) => model.functions[name] ?? []));
  return [...ids].flatMap((id) => (model.pieces[id].section === 'bss' ? [] : [{ id, bytes: model.pieces[id].bytes }]));
}

/** Sections of the named functions and everything they need, each piece once. Throws for a function that was never measured. */
export function runtimeSections(core: CpuCore, functions: Iterable<string>): SectionBytes {
  const model = sizeModel(core);
  const needed = new Set<string>();
  for (const name of functions) {
    const pieces = model.functions[name];
    if (pieces === undefined) throw new Error(`the size of ${name} was never measured`);
    for (const piece of pieces) needed.add(piece);
  }
  const sum = { text: 0, rodata: 0, data: 0, bss: 0 };
  for (const id of needed) {
    const { section, bytes } = model.pieces[id];
    // The linker aligns each piece to a word.
    sum[section] += Math.ceil(bytes / 4) * 4;
  }
  return sum;
}
