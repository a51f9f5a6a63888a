/**
 * The program that runs a generated network on this computer. Protocol on stdin: uint32 count, then for each inference the
 * inputs one after the other. On stdout, per inference: the outputs one after the other, then uint64 nanoseconds. Little-endian.
 */
import type { Port } from '../codegen/program.ts';

export function hostRunnerSource(
  prefix: string,
  inputs: readonly Pick<Port, 'id' | 'bytes'>[],
  outputs: readonly Pick<Port, 'id' | 'bytes'>[],
): string {
  const read = inputs.map(({ id, bytes }) => `    if (fread(io.${id}, 1, ${bytes}, stdin) != ${bytes}) return 1;`);
  const write = outputs.map(({ id, bytes }) => `    if (fwrite(io.${id}, 1, ${bytes}, stdout) != ${bytes}) return 1;`);
  const args = [...inputs, ...outputs].map(() => '0').join(', ');
  return [
    '#define _POSIX_C_SOURCE 199309L',
    '#include <stdint.h>',
    '#include <stdio.h>',
    '#include <time.h>',
    '',
    `#include "${prefix}.h"`,
    '',
    'static uint64_t now(void) {',
    '  struct timespec t;',
    '  clock_gettime(CLOCK_MONOTONIC, &t);',
    '  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;',
    '}',
    '',
    'int main(void) {',
    `  ${prefix}_io_t io;`,
    '  uint32_t count;',
    `  ${prefix}_setup(&io);`,
    '  if (fread(&count, sizeof count, 1, stdin) != 1) return 1;',
    '  for (uint32_t i = 0; i < count; i++) {',
    ...read,
    '    const uint64_t start = now();',
    `    ${prefix}_infer(${args});`,
    '    const uint64_t elapsed = now() - start;',
    ...write,
    '    if (fwrite(&elapsed, sizeof elapsed, 1, stdout) != 1) return 1;',
    '  }',
    '  return 0;',
    '}',
    '',
  ].join('\n');
}
