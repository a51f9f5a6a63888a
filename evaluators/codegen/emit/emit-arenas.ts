/** C of the static memory: one arena, or one in each bank of RAM that is used, and the places of the buffers in them. */
import { arenaOf, placeInArena } from '../offset-of.ts';
import type { Arena, Program } from '../program.ts';

/** The macro that stands for a buffer's address. */
export function placeName(buffer: string): string {
  return buffer.toUpperCase();
}

export function emitArenas(program: Program): string[] {
  const { steps, buffers, inputs, outputs } = program;
  const used = new Set([
    ...steps.flatMap((step) => step.args.flatMap((argument) => (argument.kind === 'buffer' ? [argument.id] : []))),
    ...[...inputs, ...outputs].map(({ buffer }) => buffer),
  ]);
  const word = buffers.some((buffer) => buffer.alignment > 4) ? 'uint64_t' : 'uint32_t';
  return [
    ...program.arenas.flatMap((arena) => declaration(program, arena, word)),
    '',
    `/* Places in the ${program.arenas.length === 1 ? 'arena' : 'arenas'}. Values that are never needed together share bytes. */`,
    ...buffers
      .filter((buffer) => used.has(buffer.id))
      .map(({ id, type }) => {
        const { name } = arenaOf(program, id);
        return `#define ${placeName(id)} ((${type} *)((uint8_t *)${name} + ${placeInArena(program, id)}))`;
      }),
  ];
}

function declaration({ prefix }: Program, { name, bytes, section }: Arena, word: string): string[] {
  const words = Math.max(1, bytes / (word === 'uint64_t' ? 8 : 4));
  if (section === undefined) return [`static ${word} ${name}[${words}];`];
  const macro = `${prefix}_${name}_section`.toUpperCase();
  return [
    '/* Define it empty, or otherwise, for another linker script. */',
    `#ifndef ${macro}`,
    `#define ${macro} __attribute__((section("${section}")))`,
    '#endif',
    `static ${word} ${name}[${words}] ${macro};`,
  ];
}
