/** C of the blob form: the byte array, its loader, and the calls that find constants in it. */

import type { FieldValue, Program, Step } from '../program.ts';
import type { Blob } from './blob.ts';
import { BLOB_MAGIC } from './blob.ts';
import { tableLines } from './c-writer.ts';
import type { SourceFile } from './source-file.ts';

/** `<prefix>_blob.h` and `<prefix>_blob.c`. */
export function emitBlobFiles({ prefix }: Program, blob: Blob): SourceFile[] {
  const upper = prefix.toUpperCase();
  const header = [
    `#ifndef ${upper}_BLOB_H`,
    `#define ${upper}_BLOB_H`,
    '',
    '#include <stdint.h>',
    '',
    '#ifdef __cplusplus',
    'extern "C" {',
    '#endif',
    '',
    `#define ${upper}_BLOB_BYTES ${blob.bytes.length}`,
    '',
    '/* The constants of the network. The union aligns them. */',
    'typedef union {',
    `  uint8_t bytes[${upper}_BLOB_BYTES];`,
    '  uint64_t alignment;',
    `} ${prefix}_blob_t;`,
    '',
    `extern const ${prefix}_blob_t ${prefix}_blob;`,
    '',
    '/*',
    ` * Uses the constants at \`blob\`, which stay where they are: a file written to flash at a multiple of 8, or ${prefix}_blob. Returns 0, or 1: not`,
    ' * aligned, 2: no blob, or one of another network, 3: damaged; then the constants in use stay. Without a call',
    ` * ${prefix}_setup loads ${prefix}_blob, unless ${upper}_EXTERNAL_BLOB is defined and ${prefix}_blob.c left out.`,
    ' */',
    `int ${prefix}_load(const void *blob);`,
    '',
    '#ifdef __cplusplus',
    '}',
    '#endif',
    '',
    '#endif',
    '',
  ];
  const source = [
    `#include "${prefix}_blob.h"`,
    '',
    `const ${prefix}_blob_t ${prefix}_blob = {{`,
    ...tableLines(blob.bytes),
    '}};',
    '',
  ];
  return [
    { path: `${prefix}_blob.h`, text: header.join('\n') },
    { path: `${prefix}_blob.c`, text: source.join('\n') },
  ];
}

export function emitLoader({ prefix }: Program, blob: Blob): string[] {
  const word = (offset: number) => `word(bytes + ${offset})`;
  return [
    'static const uint8_t *blob;',
    '',
    'static uint32_t word(const uint8_t *bytes) {',
    '  return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;',
    '}',
    '',
    `int ${prefix}_load(const void *address) {`,
    '  const uint8_t *bytes = address;',
    '  uint32_t hash = 0x811c9dc5u;',
    '  if ((uintptr_t)address % 8 != 0) return 1;',
    `  if (${word(0)} != 0x${BLOB_MAGIC.toString(16)}u || ${word(4)} != ${blob.bytes.length}u) return 2;`,
    `  if (${word(8)} != 0x${blob.fingerprint.toString(16)}u) return 2;`,
    `  for (uint32_t i = 16; i < ${blob.bytes.length}u; i++) hash = (hash ^ bytes[i]) * 0x01000193u;`,
    `  if (hash != ${word(12)}) return 3;`,
    '  blob = bytes;',
    '  return 0;',
    '}',
  ];
}

/** Address of a constant. */
export function blobPlace(program: Program, blob: Blob, id: string): string {
  const type = program.constants.find((constant) => constant.id === id)?.type ?? 'void';
  return `(const ${type} *)(const void *)(blob + ${blob.offsets.get(id)})`;
}

/** Assignments that point the members of `p` to their constants: `p.weights = …;` */
export function emitPointers(program: Program, blob: Blob, step: Step): string[] {
  const lines: string[] = [];
  const visit = (path: string, value: FieldValue): void => {
    if (value === null || typeof value !== 'object') return;
    if ('constant' in value) {
      const skip = value.skip === undefined || value.skip === 0 ? '' : ` + ${value.skip}`;
      lines.push(`${path} = ${blobPlace(program, blob, value.constant)}${skip};`);
    } else if ('fields' in value) {
      for (const [name, member] of Object.entries(value.fields)) visit(`${path}.${name}`, member);
    }
  };
  for (const [name, member] of Object.entries(step.params?.fields ?? {})) visit(`p.${name}`, member);
  return lines;
}
