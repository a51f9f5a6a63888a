/**
 * Writes a program as C99: `<prefix>.h` with the two functions, `<prefix>.c` with parameters and calls, `<prefix>_weights.h` with
 * the constants, the sources of runtime-c that it needs, a CMakeLists.txt, a Makefile, and `<prefix>.map.json`, the only file
 * with names from the model. The same program gives the same bytes.
 */

import { calledFunctions } from '../kernels/called-functions.ts';
import { arenaOf } from '../offset-of.ts';
import { type LoopTable, loopTable } from '../patches/loop-table.ts';
import type { Argument, PatchLoop, Program, Step } from '../program.ts';
import { type Blob, makeBlob } from './blob.ts';
import { floatLiteral, tableLines } from './c-writer.ts';
import { emitArenas, placeName } from './emit-arenas.ts';
import { blobPlace, emitBlobFiles, emitLoader, emitPointers } from './emit-blob.ts';
import { emitBuildFiles } from './emit-build-files.ts';
import { emitHeader, inferSignature } from './emit-header.ts';
import { emitLoop, emitLoopTable, type LoopTexts } from './emit-patches.ts';
import { emitStructure } from './emit-structure.ts';
import { runtimeFiles } from './runtime-files.ts';
import type { SourceFile } from './source-file.ts';

export interface CSources {
  readonly prefix: string;
  readonly files: readonly SourceFile[];
  /** The constants as one file, in the blob form. */
  readonly blob?: Uint8Array;
}

export interface EmitOptions {
  /** Constants as one memory-mapped array of bytes with a loader, instead of C arrays; false when absent. */
  readonly blob?: boolean;
}

export function emitC(program: Program, options: EmitOptions = {}): CSources {
  const blob = options.blob === true ? makeBlob(program) : undefined;
  const runtime = runtimeFiles(calledFunctions(program), program.codeInRam).map(({ path, text }) => ({
    path: `dnnrt/${path}`,
    text,
  }));
  const { prefix } = program;
  const own = [
    { path: `${prefix}.h`, text: emitHeader(program) },
    { path: `${prefix}.c`, text: emitCode(program, blob) },
    ...(blob === undefined
      ? [{ path: `${prefix}_weights.h`, text: emitWeights(program) }]
      : emitBlobFiles(program, blob)),
    { path: `${prefix}.map.json`, text: emitMap(program) },
  ];
  return {
    prefix,
    files: [
      ...own,
      ...emitBuildFiles(
        program,
        [...own, ...runtime].map(({ path }) => path).filter((path) => path.endsWith('.c')),
      ),
      ...runtime,
    ],
    ...(blob === undefined ? {} : { blob: blob.bytes }),
  };
}

/** Were they not "used", the compiler would see that nobody writes them and leave them in flash. */
const IN_RAM = [
  '/* Constants that are read faster in RAM, where the start of the program copies them. */',
  '#ifndef DNNRT_IN_RAM',
  '#define DNNRT_IN_RAM(name) __attribute__((section(".data." #name), used))',
  '#endif',
  '',
];

function emitWeights(program: Program): string {
  const lines = ['/* Constants of the network. */', '#include <math.h>', '#include <stdint.h>', ''];
  if (program.constants.some(({ inRam }) => inRam === true)) lines.push(...IN_RAM);
  for (const constant of program.constants) {
    const { id, type, elements, inRam } = constant;
    lines.push(
      `static ${inRam === true ? `DNNRT_IN_RAM(${id}) ` : 'const '}${type} ${id}[${Math.max(1, elements)}] = {`,
    );
    // Line by line: a spread call with a million arguments would overflow the stack.
    for (const line of constant.elements === 0 ? ['  0,'] : tableLines(constant.data())) lines.push(line);
    lines.push('};', '');
  }
  return lines.join('\n');
}

function emitCode(program: Program, blob: Blob | undefined): string {
  const { prefix, steps } = program;
  const constantText = blob === undefined ? (id: string) => id : () => '0';
  const loops = loopsOf(program);
  const lines = [
    `#include "${prefix}.h"`,
    '',
    '#include <string.h>',
    '',
    '#include "dnnrt.h"',
    `#include "${prefix}_${blob === undefined ? 'weights' : 'blob'}.h"`,
    '',
    `/* Define it to be told when a layer of ${prefix}.map.json is done, for example to read a clock. */`,
    `#ifndef ${layerDone(program)}`,
    `#define ${layerDone(program)}(layer) ((void)0)`,
    '#endif',
    '',
    ...emitArenas(program),
    '',
    ...steps.flatMap((step) =>
      step.params === undefined || step.patch !== undefined
        ? []
        : [...emitStructure(step.id, step.params, constantText), ''],
    ),
    ...loops.flatMap(({ name, loop, table }) => [...emitLoopTable(name, loop, table, loopTexts(program, blob)), '']),
    ...(blob === undefined ? [] : [...emitLoader(program, blob), '']),
    ...emitSetup(program, blob),
    '',
    ...steps.flatMap((step) => (step.beside === 'next' ? [...emitTask(program, step, blob), ''] : [])),
    ...emitInfer(program, blob),
    '',
  ];
  return lines.join('\n');
}

function layerDone({ prefix }: Program): string {
  return `${prefix.toUpperCase()}_LAYER_DONE`;
}

function emitSetup(program: Program, blob: Blob | undefined): string[] {
  const { prefix } = program;
  const load = [
    `#ifndef ${prefix.toUpperCase()}_EXTERNAL_BLOB`,
    `  if (blob == 0) (void)${prefix}_load(&${prefix}_blob);`,
    '#endif',
  ];
  return [
    `void ${prefix}_setup(${prefix}_io_t *io) {`,
    ...(blob === undefined ? [] : load),
    '  if (io == 0) return;',
    ...[...program.inputs, ...program.outputs].map(({ id, buffer }) => `  io->${id} = ${placeName(buffer)};`),
    '}',
  ];
}

function emitInfer(program: Program, blob: Blob | undefined): string[] {
  return [
    `${inferSignature(program)} {`,
    ...(blob === undefined ? [] : ['  if (blob == 0) return;']),
    ...program.inputs.map(
      ({ id, buffer, bytes }) =>
        `  if (x_${id} != 0 && x_${id} != ${placeName(buffer)}) memcpy(${placeName(buffer)}, x_${id}, ${bytes});`,
    ),
    ...emitCalls(program, blob).map((line) => `  ${line}`),
    ...program.outputs.map(
      ({ id, buffer, bytes }) =>
        `  if (y_${id} != 0 && y_${id} != ${placeName(buffer)}) memcpy(y_${id}, ${placeName(buffer)}, ${bytes});`,
    ),
    '}',
  ];
}

function loopsOf(program: Program): { name: string; loop: PatchLoop; table: LoopTable }[] {
  return program.loops.map((loop, index) => ({ name: `loop${index}`, loop, table: loopTable(program, loop) }));
}

function loopTexts(program: Program, blob: Blob | undefined): LoopTexts {
  return {
    constant: blob === undefined ? (id) => id : () => '0',
    argument: (argument) => emitArgument(program, argument, blob),
    arena: (buffer) => arenaOf(program, buffer).name,
    pointers: ({ step }) => (blob === undefined ? [] : emitPointers(program, blob, step)),
    layerDone: (layer) => `${layerDone(program)}(${layer});`,
  };
}

function emitCalls(program: Program, blob: Blob | undefined): string[] {
  const loops = loopsOf(program);
  return program.steps.flatMap((step, index) => {
    const starting = loops.find(({ loop }) => loop.first === index);
    if (starting !== undefined) {
      return emitLoop(starting.name, starting.loop, starting.table, loopTexts(program, blob));
    }
    if (step.patch !== undefined) return [];
    if (step.beside === 'next') return [`dnnrt_fork(${taskName(step)});`];
    const isLast = program.steps[index + 1]?.layer !== step.layer;
    const call = [...emitCall(program, step, blob), ...(step.beside === undefined ? [] : ['dnnrt_join();'])];
    return [...call, ...(isLast ? [`${layerDone(program)}(${step.layer});`] : [])];
  });
}

function taskName({ id }: Step): string {
  return `${id}_task`;
}

/** What the second core does. */
function emitTask(program: Program, step: Step, blob: Blob | undefined): string[] {
  return [`static void ${taskName(step)}(void) {`, ...emitCall(program, step, blob).map((line) => `  ${line}`), '}'];
}

function emitCall(program: Program, step: Step, blob: Blob | undefined): string[] {
  const args = step.args.map((argument) => emitArgument(program, argument, blob));
  const pointers = blob === undefined ? [] : emitPointers(program, blob, step);
  if (step.params !== undefined) args.unshift(pointers.length > 0 ? '&p' : `&${step.id}`);
  const call = `${step.kernel}(${args.join(', ')});`;
  if (step.params === undefined || pointers.length === 0) return [call];
  // The structure is copied to the stack: its pointers are known only once the blob has a place.
  return ['{', `  ${step.params.struct} p = ${step.id};`, ...pointers.map((line) => `  ${line}`), `  ${call}`, '}'];
}

function emitArgument(program: Program, argument: Argument, blob: Blob | undefined): string {
  switch (argument.kind) {
    case 'buffer': {
      const declared = program.buffers.find((buffer) => buffer.id === argument.id);
      const { skipBytes = 0 } = argument;
      if (skipBytes !== 0) return `(${argument.type} *)((uint8_t *)${placeName(argument.id)} + ${skipBytes})`;
      return declared?.type === argument.type
        ? placeName(argument.id)
        : `(${argument.type} *)${placeName(argument.id)}`;
    }
    case 'constant':
      return blob === undefined ? argument.id : blobPlace(program, blob, argument.id);
    case 'integer':
      return String(argument.value);
    case 'float':
      return floatLiteral(argument.value);
    case 'null':
      return '0';
  }
}

function emitMap(program: Program): string {
  const port = ({ id, name, dtype, shape }: Program['inputs'][number]) => ({ id, name, dtype, shape });
  const map = {
    layers: program.layers.map(({ id, name, op }) => ({ id, name, op })),
    inputs: program.inputs.map(port),
    outputs: program.outputs.map(port),
  };
  return `${JSON.stringify(map, null, 2)}\n`;
}
