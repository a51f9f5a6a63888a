/**
 * Sizes of a program before any compiler runs.
 *
 * romBytes = .text + .rodata + .data of the linked network: generated code, weights, parameter structures, the functions of
 * runtime-c that it calls, compiler support routines, memcpy. ramBytes = .data + .bss: the arena with all inputs,
 * activations, working memory and outputs. Neither counts startup code, vector table or stack. The blob form has the constants in one
 * array, a loader, and a pointer in RAM.
 */
import type { BoardSpec } from '../../board-spec.ts';
import { blobBytes } from '../emit/blob.ts';
import { calledFunctions } from '../kernels/called-functions.ts';
import { type StructName, structLayout } from '../kernels/kernel-table.ts';
import { loopTable } from '../patches/loop-table.ts';
import type { Layer, Program } from '../program.ts';
import { BLOB_POINTER_BYTES, blobSize } from './blob-size.ts';
import { generatedCodeBytes } from './code-size.ts';
import { runtimeSections, type SectionBytes } from './size-model.ts';

export interface LayerSize extends Layer {
  /** Constants of the layer: weights, biases, multipliers, tables. */
  readonly weightBytes: number;
  /** Encoding of the weights, `none` for a layer without. */
  readonly encoding: string;
}

export interface PredictedSizes {
  readonly romBytes: number;
  readonly ramBytes: number;
  readonly macs: number;
  readonly flops: number;
  readonly layers: readonly LayerSize[];
  readonly sections: SectionBytes;
}

export interface SizeOptions {
  /** Constants as one array of bytes with a loader (`EmitOptions.blob`); false when absent. */
  readonly blob?: boolean;
}

export function predictSizes(
  program: Program,
  board: BoardSpec = program.board,
  options: SizeOptions = {},
): PredictedSizes {
  const layers = layerSizes(program);
  const runtime = runtimeSections(board.core, [...calledFunctions(program), 'memcpy'], program.codeInRam);
  const bytesOf = (list: Program['constants']) => list.reduce((sum, { bytes }) => sum + toWords(Math.max(1, bytes)), 0);
  const inRam = options.blob === true ? 0 : bytesOf(program.constants.filter((constant) => constant.inRam === true));
  const constants = bytesOf(program.constants) - inRam;
  const structures = structureBytes(program);
  const usual: SectionBytes = {
    text: runtime.text + generatedCodeBytes(program, board.core),
    rodata: runtime.rodata + constants + structures,
    data: runtime.data + inRam,
    bss: runtime.bss + Math.max(program.arenaBytes, 4),
  };
  const sections = options.blob === true ? inBlob(program, board, usual, constants) : usual;
  return {
    romBytes: sections.text + sections.rodata + sections.data,
    ramBytes: sections.data + sections.bss,
    macs: layers.reduce((sum, { macs }) => sum + macs, 0),
    flops: layers.reduce((sum, { flops }) => sum + flops, 0),
    layers,
    sections,
  };
}

/** Parameters of the calls, and the tables of the loops over patches. */
function structureBytes(program: Program): number {
  const sizeOf = (struct: StructName) => toWords(structLayout(struct).size);
  const single = program.steps.map(({ params, patch }) =>
    params === undefined || patch !== undefined ? 0 : sizeOf(params.struct),
  );
  const patched = program.loops.map((loop) => {
    const { structures, columns } = loopTable(program, loop);
    return structures.reduce((sum, { struct }) => sum + sizeOf(struct), 4 * columns.length * loop.patches);
  });
  return [...single, ...patched].reduce((sum, bytes) => sum + bytes, 0);
}

function inBlob(program: Program, board: BoardSpec, usual: SectionBytes, constants: number): SectionBytes {
  const { codeBytes, copiedBytes } = blobSize(program, board.core);
  return {
    text: usual.text + codeBytes,
    rodata: usual.rodata - constants - copiedBytes + blobBytes(program),
    data: usual.data,
    bss: usual.bss + BLOB_POINTER_BYTES,
  };
}

function toWords(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}

function layerSizes(program: Program): LayerSize[] {
  const owned = new Map<string, { bytes: number; encoding: string }>();
  for (const constant of program.constants) {
    const layer = constant.id.slice(0, constant.id.indexOf('_'));
    const sum = owned.get(layer) ?? { bytes: 0, encoding: 'none' };
    sum.bytes += constant.bytes;
    if (constant.id.endsWith('_w')) sum.encoding = constant.encoding;
    owned.set(layer, sum);
  }
  return program.layers.map((layer) => {
    const { bytes, encoding } = owned.get(layer.id) ?? { bytes: 0, encoding: 'none' };
    return { ...layer, weightBytes: bytes, encoding };
  });
}
