/**
 * The linker script for size-exact links: a network without startup code. The entry that keeps the two functions alive has a
 * section of its own, so that .text, .rodata, .data and .bss hold the network and nothing else.
 */
import type { BoardSpec } from '../board-spec.ts';

export function linkerScript(board: BoardSpec): string {
  return [
    'ENTRY(network_entry)',
    'MEMORY {',
    `  FLASH (rx) : ORIGIN = 0x10000000, LENGTH = ${board.flashBytes}`,
    `  RAM (rwx) : ORIGIN = 0x20000000, LENGTH = ${board.ramBytes}`,
    '}',
    'SECTIONS {',
    '  .entry : { KEEP(*(.entry)) } > FLASH',
    '  .text : { *(.text .text.*) } > FLASH',
    '  .rodata : { *(.rodata .rodata.*) } > FLASH',
    '  .exidx : { *(.ARM.exidx* .ARM.extab*) } > FLASH',
    '  .hot : { *(.time_critical .time_critical.*) } > RAM AT > FLASH',
    '  .data : { *(.data .data.*) } > RAM AT > FLASH',
    '  .bss (NOLOAD) : { *(.bss .bss.*) *(COMMON) } > RAM',
    '}',
    '',
  ].join('\n');
}

/** C source of the entry: calls both functions with the places in static memory. */
export function entrySource(prefix: string, argumentCount: number): string {
  const zeros = new Array<string>(argumentCount).fill('0').join(', ');
  return [
    `#include "${prefix}.h"`,
    '',
    'void network_entry(void);',
    '__attribute__((section(".entry"), used)) void network_entry(void) {',
    `  ${prefix}_setup(0);`,
    `  for (;;) ${prefix}_infer(${zeros});`,
    '}',
    '',
  ].join('\n');
}
