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
  /** Calls into and out of functions that may be moved to RAM: piece -> `piece+offset`. */
  readonly calls: Readonly<Record<string, readonly string[]>>;
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

const pieceOf = (target: string): string => target.slice(0, target.lastIndexOf('+'));

const ownerOf = (piece: string): string => piece.slice(0, piece.indexOf('.o:'));

/** The pieces of code and constants in flash that the named functions need, each once. `inRam`: functions that are not in flash. */
export function codePieces(
  core: CpuCore,
  functions: readonly string[],
  inRam: readonly string[] = [],
): { readonly id: string; readonly bytes: number }[] {
  const model = sizeModel(core);
  const ids = new Set(functions.flatMap((name) => model.functions[name] ?? []));
  return [...ids].flatMap((id) =>
    model.pieces[id].section === 'bss' || inRam.includes(ownerOf(id)) ? [] : [{ id, bytes: model.pieces[id].bytes }],
  );
}

/** Code between flash and RAM is too far apart for a call: the linker puts so many bytes in between, once for each function that is called. */
const VENEER_BYTES = 16;
const VENEER_ALIGNMENT = 8;

/**
 * Sections of the named functions and everything they need, each piece once; code of `inRam` counts as data. Throws for a function that was
 * never measured.
 */
export function runtimeSections(
  core: CpuCore,
  functions: Iterable<string>,
  inRam: readonly string[] = [],
): SectionBytes {
  const model = sizeModel(core);
  const needed = new Set<string>();
  for (const name of functions) {
    const pieces = model.functions[name];
    if (pieces === undefined) throw new Error(`the size of ${name} was never measured`);
    for (const piece of pieces) needed.add(piece);
  }
  const sum = { text: 0, rodata: 0, data: 0, bss: 0 };
  let hot = 0;
  for (const id of needed) {
    const { section, bytes } = model.pieces[id];
    // The linker aligns each piece to a word.
    const words = Math.ceil(bytes / 4) * 4;
    if (section === 'text' && inRam.includes(ownerOf(id))) hot += words;
    else sum[section] += words;
  }
  if (hot === 0) return sum;
  const [out, into] = [new Set<string>(), new Set<string>()];
  for (const from of needed) {
    const isHot = inRam.includes(ownerOf(from));
    for (const target of model.calls[from] ?? []) {
      if (isHot !== inRam.includes(ownerOf(pieceOf(target)))) (isHot ? out : into).add(target);
    }
  }
  const aligned = out.size === 0 ? hot : Math.ceil(hot / VENEER_ALIGNMENT) * VENEER_ALIGNMENT;
  sum.data += aligned + VENEER_BYTES * out.size;
  sum.text += VENEER_BYTES * into.size;
  return sum;
}
