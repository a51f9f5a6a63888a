import type { Program } from './program.ts';

/** Byte offset of a buffer in the arena. */
export function offsetOf(program: Pick<Program, 'memory' | 'aliases'>, buffer: string): number {
  const offset = program.memory.offsets.get(program.aliases.get(buffer) ?? buffer);
  if (offset === undefined) throw new Error(`buffer ${buffer} has no place`);
  return offset;
}
