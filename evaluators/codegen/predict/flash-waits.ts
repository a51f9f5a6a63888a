/**
 * Cycles that a program waits for flash. With a wait for each word of data: words counted by kernel, fitted as the cycles are. Behind the
 * cache of the RP2040 (16 KiB): code and constants of the calls, in the order of their use, as whole pieces in a cache that forgets the least
 * recently used. A piece that others of more than the cache have pushed out since its last use comes again from the serial flash, word by word.
 */
import type { BoardSpec, CpuCore } from '../../board-spec.ts';
import type { FieldValue, Program, Step } from '../program.ts';
import { codePieces } from './size-model.ts';

const CACHE_BYTES = 16384;

/** Share of the words of code that an inference runs through; the rest are rare ways. */
const CODE_SHARE = 0.7;

/** Share of the code that loops run through again and again. */
const LOOPS_SHARE = 0.85;

/** Weights of the plain kernels are read again for each pixel or row. */
const READS_AGAIN = /^dnnrt_(conv2d|depthwise2d|fc)_(s8|f32)$/;

interface Access {
  readonly piece: string;
  readonly bytes: number;
  readonly words: number;
  /** Code that is in use until the call is done. */
  readonly again?: boolean;
}

interface UsedConstant {
  readonly id: string;
  /** The part that is used; whole when absent. */
  readonly skip?: number;
  readonly used?: number;
}

function constantsIn(value: FieldValue | undefined): UsedConstant[] {
  if (value === undefined || value === null || typeof value !== 'object') return [];
  if ('constant' in value) return [{ ...value, id: value.constant }];
  return 'fields' in value ? Object.values(value.fields).flatMap(constantsIn) : [];
}

function constantsOf({ params, args }: Step): UsedConstant[] {
  const named = args.flatMap((argument) => (argument.kind === 'constant' ? [{ id: argument.id }] : []));
  return [...Object.values(params?.fields ?? {}).flatMap(constantsIn), ...named];
}

function functionsIn(value: FieldValue | undefined): string[] {
  if (value === undefined || value === null || typeof value !== 'object') return [];
  if ('function' in value) return [value.function];
  return 'fields' in value ? Object.values(value.fields).flatMap(functionsIn) : [];
}

/** How often a kernel goes through its weights. */
function readings({ kernel, params }: Step): number {
  if (!READS_AGAIN.test(kernel)) return 1;
  const window = params?.fields['window'];
  if (window !== null && typeof window === 'object' && 'fields' in window)
    return Number(window.fields['out_h']) * Number(window.fields['out_w']);
  return Number(params?.fields['rows'] ?? 1);
}

/** What each step reaches, in order. */
function accesses(program: Program, core: CpuCore): Access[][] {
  const inFlash = new Map(program.constants.filter(({ inRam }) => !inRam).map((constant) => [constant.id, constant]));
  return program.steps.map((step) => {
    const names = [step.kernel, ...Object.values(step.params?.fields ?? {}).flatMap(functionsIn)];
    const code = codePieces(core, names, program.codeInRam).flatMap(({ id, bytes }) => [
      { piece: id, bytes: LOOPS_SHARE * bytes, words: (LOOPS_SHARE * CODE_SHARE * bytes) / 4, again: true },
      { piece: `${id}, once`, bytes: (1 - LOOPS_SHARE) * bytes, words: ((1 - LOOPS_SHARE) * CODE_SHARE * bytes) / 4 },
    ]);
    const times = readings(step);
    const constants = constantsOf(step).map(({ id, skip, used }) => {
      const { bytes: whole = 0, elements = 1 } = inFlash.get(id) ?? {};
      const bytes = used === undefined ? whole : (whole * used) / elements;
      const piece = skip === undefined ? id : `${id}+${skip}`;
      return { piece, bytes, words: (bytes / 4) * (bytes > CACHE_BYTES ? times : 1) };
    });
    // Loops run through their code while constants pass by.
    const loops = code.filter(({ again }) => again === true);
    return [...code, ...constants, ...loops.map((access) => ({ ...access, words: 0 }))];
  });
}

/** Words of each step that a second inference does not find. */
function missedWords(program: Program, core: CpuCore): number[] {
  const list = accesses(program, core);
  /** Pieces, least recently used first. */
  const held = new Map<string, number>();
  const missed = list.map(() => 0);
  for (const inference of [0, 1]) {
    for (const [step, { piece, bytes, words }] of list.flatMap((each, at) =>
      each.map((access) => [at, access] as const),
    )) {
      const found = held.delete(piece);
      if (inference === 1 && !found) missed[step] += words;
      if (bytes > CACHE_BYTES) {
        held.clear();
        continue;
      }
      held.set(piece, bytes);
      let total = 0;
      for (const each of held.values()) total += each;
      for (const [old, size] of held) {
        if (total <= CACHE_BYTES) break;
        held.delete(old);
        total -= size;
      }
    }
  }
  return missed;
}

/** Waits of each step. `dataWords`: words of data that a step reads from flash. */
export function stepWaits(program: Program, board: BoardSpec, dataWords: (step: Step) => number): number[] {
  const { flashTiming } = board;
  switch (flashTiming?.kind) {
    case undefined:
      return program.steps.map(() => 0);
    case 'dataWait':
      return program.steps.map((step) => flashTiming.cyclesPerWord * dataWords(step));
    case 'xipCache':
      return missedWords(program, board.core).map((words) => flashTiming.missCycles * words);
  }
}
