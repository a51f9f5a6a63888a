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

/** Weights of the plain kernels are read again for each pixel or row. */
const READS_AGAIN = /^dnnrt_(conv2d|depthwise2d|fc)_(s8|f32)$/;

interface Access {
  readonly piece: string;
  readonly bytes: number;
  readonly words: number;
}

function constantsIn(value: FieldValue | undefined): string[] {
  if (value === undefined || value === null || typeof value !== 'object') return [];
  if ('constant' in value) return [value.constant];
  return 'fields' in value ? Object.values(value.fields).flatMap(constantsIn) : [];
}

function constantsOf({ params, args }: Step): string[] {
  const named = args.flatMap((argument) => (argument.kind === 'constant' ? [argument.id] : []));
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

function accesses(program: Program, core: CpuCore): Access[] {
  const sizes = new Map(program.constants.filter(({ inRam }) => !inRam).map(({ id, bytes }) => [id, bytes]));
  return program.steps.flatMap((step) => {
    const names = [step.kernel, ...Object.values(step.params?.fields ?? {}).flatMap(functionsIn)];
    const code = codePieces(core, names).map(({ id, bytes }) => ({
      piece: id,
      bytes,
      words: (CODE_SHARE * bytes) / 4,
    }));
    const times = readings(step);
    const constants = constantsOf(step).map((id) => {
      const bytes = sizes.get(id) ?? 0;
      return { piece: id, bytes, words: (bytes / 4) * (bytes > CACHE_BYTES ? times : 1) };
    });
    // Loops run through their code while constants pass by.
    return [...code, ...constants, ...code.map((access) => ({ ...access, words: 0 }))];
  });
}

/** Words that a second inference does not find. */
function missedWords(program: Program, core: CpuCore): number {
  const list = accesses(program, core);
  /** Pieces, least recently used first. */
  const held = new Map<string, number>();
  let missed = 0;
  for (const inference of [0, 1]) {
    for (const { piece, bytes, words } of list) {
      const found = held.delete(piece);
      if (inference === 1 && !found) missed += words;
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

/** `dataWords`: words of data that the calls read from flash. */
export function waitCycles(program: Program, board: BoardSpec, dataWords: () => number): number {
  switch (board.flashTiming?.kind) {
    case undefined:
      return 0;
    case 'dataWait':
      return Math.round(board.flashTiming.cyclesPerWord * dataWords());
    case 'xipCache':
      return Math.round(board.flashTiming.missCycles * missedWords(program, board.core));
  }
}
