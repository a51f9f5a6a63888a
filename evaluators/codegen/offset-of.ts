/** Where buffers lie. */
import type { Arena, Program } from './program.ts';

/** Byte offset of a buffer among those of all arenas. */
export function offsetOf(program: Pick<Program, 'memory' | 'aliases'>, buffer: string): number {
  const offset = program.memory.offsets.get(program.aliases.get(buffer) ?? buffer);
  if (offset === undefined) throw new Error(`buffer ${buffer} has no place`);
  return offset;
}

/** The arena that a buffer lies in. */
export function arenaOf(program: Pick<Program, 'memory' | 'aliases' | 'arenas'>, buffer: string): Arena {
  const offset = offsetOf(program, buffer);
  const arena = program.arenas.findLast(({ start }) => start <= offset);
  if (arena === undefined) throw new Error(`buffer ${buffer} lies in no arena`);
  return arena;
}

/** Byte offset of a buffer in its arena. */
export function placeInArena(program: Pick<Program, 'memory' | 'aliases' | 'arenas'>, buffer: string): number {
  return offsetOf(program, buffer) - arenaOf(program, buffer).start;
}
