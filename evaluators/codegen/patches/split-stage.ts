/**
 * Splits neighbouring layers into patches of rows: the calls of every patch in turn, buffers between the layers that hold only the rows in
 * use, and moves of the rows that the next patch needs again. What is computed is the same to the last bit.
 */

import type { AllowedOverlap } from '../../memory/overlap.ts';
import { elementBytes } from '../element-type.ts';
import { type OverlapRule, overlapRule } from '../kernels/overlap-rules.ts';
import { copyFields, copyKernel } from '../lower/copy.ts';
import type { PatchLoop, Port, ProgramBuffer, Step, Unplaced } from '../program.ts';
import { type PieceAccess, pieceDistance } from './patch-distance.ts';
import { heightOf, operandIds, type PatchRows, patchRows, resultId, type Stage } from './patch-rows.ts';
import { callKey, partScratchBytes, type RowOperation, type Rows, rowCount, rowOperation } from './row-operation.ts';

export interface StageSplit {
  /** Steps [first, end) run in patches. */
  readonly first: number;
  readonly end: number;
  /** Rows of the last result in a patch. */
  readonly rows: number;
  /** Keeps rows that the next patch needs; else they are computed again. */
  readonly keepsRows: boolean;
}

/** Pointers must be at least this aligned: kernels load words. */
const POINTER_ALIGNMENT = 4;

/** The layers of a stage and its rows; undefined when its steps do not work by rows, or somebody outside reads what is between them. */
export function stageOf(network: Unplaced, ports: readonly Port[], first: number, end: number): Stage | undefined {
  const { steps, loops } = network;
  if (loops.some((loop) => first < loop.end && loop.first < end)) return undefined;
  const operations: RowOperation[] = [];
  for (const step of steps.slice(first, Math.max(first, end))) {
    const operation = rowOperation(step);
    if (operation === undefined) return undefined;
    operations.push(operation);
  }
  const last = operations.at(-1);
  if (last === undefined) return undefined;
  const output = resultId(last);
  const internal = new Set(operations.slice(0, -1).map(resultId));
  const readOutside = steps.some((step, i) => (i < first || i >= end) && step.reads.some((id) => internal.has(id)));
  if (readOutside || internal.has(output) || ports.some(({ buffer }) => internal.has(buffer))) return undefined;
  const heights = heightsOf(operations);
  return heights === undefined ? undefined : { operations, heights, internal, output };
}

/** Windows say how many rows their images have; all others have as many as they read. Undefined when that does not fit together. */
function heightsOf(operations: readonly RowOperation[]): Map<string, number> | undefined {
  const heights = new Map<string, number>();
  const set = (id: string, height: number | undefined): boolean => {
    if (height === undefined) return true;
    const known = heights.get(id) ?? height;
    heights.set(id, known);
    return known === height;
  };
  for (let round = 0; round <= operations.length; round++) {
    for (const operation of operations) {
      const [operands, result] = [operandIds(operation), resultId(operation)];
      const { rowsIn, rowsOut } = operation;
      const same = rowsIn === undefined ? [...operands, result].find((id) => heights.has(id)) : undefined;
      const shared = same === undefined ? undefined : heights.get(same);
      if (!operands.every((id) => set(id, rowsIn ?? shared)) || !set(result, rowsOut ?? shared)) return undefined;
    }
  }
  const complete = operations.every((each) => [...operandIds(each), resultId(each)].every((id) => heights.has(id)));
  return complete ? heights : undefined;
}

/** The network with the stage in patches; undefined when a kernel cannot compute one of the patches alone. */
export function splitStage(network: Unplaced, stage: Stage, split: StageSplit): Unplaced | undefined {
  const patches = patchRows(stage, split.rows, split.keepsRows);
  if (patches.length < 2) return undefined;
  const pieces = new Pieces(network, stage, patches);
  if (!pieces.build()) return undefined;
  const { first, end, rows, keepsRows } = split;
  const steps = [...network.steps.slice(0, first), ...pieces.steps, ...network.steps.slice(end)];
  const loop: PatchLoop = {
    first,
    end: first + pieces.steps.length,
    patches: patches.length,
    positions: pieces.positions,
    rows,
    keepsRows,
    resident: [...pieces.resident],
    overlaps: pieces.overlaps(),
    extraMacs: extraMacs(network, stage, patches),
  };
  const shift = loop.end - end;
  const loops = network.loops.map((other) =>
    other.first < first ? other : { ...other, first: other.first + shift, end: other.end + shift },
  );
  return {
    ...network,
    steps,
    buffers: new Map([...network.buffers, ...pieces.buffers]),
    loops: [...loops, loop].sort((a, b) => a.first - b.first),
  };
}

function extraMacs({ layers }: Unplaced, stage: Stage, patches: readonly PatchRows[]): number {
  return stage.operations.reduce((sum, operation, k) => {
    const computed = patches.reduce((rows, patch) => rows + rowCount(patch.computed[k]), 0);
    const share = computed / heightOf(stage, resultId(operation)) - 1;
    return sum + Math.round(share * layers[operation.step.layer].macs);
  }, 0);
}

interface Piece {
  readonly step: Step;
  readonly operation: RowOperation | undefined;
  /** Byte of each operand at which reading starts, and of the result that is written. */
  readonly reads: ReadonlyMap<string, number>;
  readonly result: string;
  readonly written: { readonly from: number; readonly to: number };
}

class Pieces {
  readonly resident = new Set<string>();
  readonly buffers = new Map<string, ProgramBuffer>();
  readonly steps: Step[] = [];
  positions = 0;
  readonly #network: Unplaced;
  readonly #stage: Stage;
  readonly #patches: readonly PatchRows[];
  readonly #pieces: Piece[][] = [];
  readonly #rules = new Map<string, OverlapRule | undefined>();

  constructor(network: Unplaced, stage: Stage, patches: readonly PatchRows[]) {
    this.#network = network;
    this.#stage = stage;
    this.#patches = patches;
  }

  build(): boolean {
    const { operations, internal, output } = this.#stage;
    this.resident.add(output);
    for (const id of operations.flatMap(operandIds)) if (!internal.has(id)) this.resident.add(id);
    for (let patch = 0; patch < this.#patches.length; patch++) {
      const pieces: Piece[] = [];
      for (let k = 0; k < operations.length; k++) {
        const move = this.#move(operations[k], patch);
        if (move !== undefined) pieces.push(this.#at(move, patch, 2 * k));
        if (rowCount(this.#patches[patch].computed[k]) === 0) continue;
        const call = this.#call(k, patch);
        if (call === undefined) return false;
        pieces.push(this.#at(call, patch, 2 * k + 1));
      }
      this.#pieces.push(pieces);
    }
    this.#closeRanks();
    this.#resizeBuffers();
    return this.#pieces.flat().every(({ step }) => step.args.every(isAligned));
  }

  #at(piece: Piece, patch: number, position: number): Piece {
    return { ...piece, step: { ...piece.step, patch: { patch, position } } };
  }

  /** Positions that no patch uses go. */
  #closeRanks(): void {
    const all = this.#pieces.flat().map(({ step }) => step.patch?.position ?? 0);
    const used = [...new Set(all)].sort((a, b) => a - b);
    this.positions = used.length;
    for (const { step } of this.#pieces.flat()) {
      const { patch = 0, position = 0 } = step.patch ?? {};
      this.steps.push({ ...step, patch: { patch, position: used.indexOf(position) } });
    }
  }

  #rowBytes(id: string): number {
    return this.#buffer(id).bytes / heightOf(this.#stage, id);
  }

  #buffer(id: string): ProgramBuffer {
    const buffer = this.#network.buffers.get(id);
    if (buffer === undefined) throw new Error(`buffer ${id} was never declared`);
    return buffer;
  }

  /** First row that the buffer holds in a patch. */
  #heldFrom(id: string, patch: number): number {
    return this.#patches[patch].held.get(id)?.from ?? 0;
  }

  /** Brings the rows that are needed again to the front of their buffer. */
  #move(operation: RowOperation, patch: number): Piece | undefined {
    const id = resultId(operation);
    const [before, now] = [this.#patches[patch - 1]?.held.get(id), this.#patches[patch].held.get(id)];
    if (before === undefined || now === undefined || before.to <= now.from) return undefined;
    const first = this.#patches[patch].computed[this.#stage.operations.indexOf(operation)].from;
    const again = first < before.to;
    if (again) return undefined;
    this.resident.add(id);
    if (now.from === before.from) return undefined;
    const rowBytes = this.#rowBytes(id);
    const [from, bytes] = [(now.from - before.from) * rowBytes, (before.to - now.from) * rowBytes];
    const words = from % 4 === 0 && bytes % 4 === 0;
    const type = words ? 'int32_t' : 'int8_t';
    const { step } = operation;
    return {
      step: {
        id: `${step.id}_m`,
        layer: step.layer,
        kernel: copyKernel(type),
        params: {
          struct: 'dnnrt_copy_t',
          fields: copyFields([{ size: words ? bytes / 4 : bytes, xStride: 1, yStride: 1 }]),
        },
        args: [
          { kind: 'buffer', id, type, skipBytes: from },
          { kind: 'buffer', id, type },
        ],
        reads: [id],
        writes: [id],
        inPlace: [],
      },
      operation: undefined,
      reads: new Map([[id, from]]),
      result: id,
      written: { from: 0, to: bytes },
    };
  }

  #call(k: number, patch: number): Piece | undefined {
    const operation = this.#stage.operations[k];
    const rows = this.#patches[patch].computed[k];
    const part = operation.part(rows, heightOf(this.#stage, resultId(operation)));
    if (part === undefined) return undefined;
    const place = (id: string, row: number) => (row - this.#heldFrom(id, patch)) * this.#rowBytes(id);
    const reads = new Map(
      operandIds(operation).map((id) => {
        const needed: Rows = operation.needed(rows, heightOf(this.#stage, id));
        return [id, place(id, needed.from)];
      }),
    );
    const result = resultId(operation);
    const written = { from: place(result, rows.from), to: place(result, rows.to) };
    const args = part.args.map((argument, position) => {
      if (argument.kind !== 'buffer') return argument;
      if (position === operation.result) return { ...argument, skipBytes: written.from };
      return operation.operands.includes(position) ? { ...argument, skipBytes: reads.get(argument.id) ?? 0 } : argument;
    });
    return { step: { ...part, args }, operation, reads, result, written };
  }

  /** Internal buffers hold the rows in use, working memory what the largest patch takes. */
  #resizeBuffers(): void {
    for (const id of this.#stage.internal) {
      const most = Math.max(...this.#patches.map(({ held }) => rowCount(held.get(id) ?? { from: 0, to: 0 })));
      this.#resize(id, most * this.#rowBytes(id));
    }
    for (const { step } of this.#pieces.flat()) {
      const bytes = partScratchBytes(step);
      const scratch = step.writes[1];
      if (bytes === undefined || scratch === undefined) continue;
      this.#resize(scratch, Math.max(bytes, this.buffers.get(scratch)?.bytes ?? 0));
    }
  }

  #resize(id: string, bytes: number): void {
    const buffer = this.#buffer(id);
    const elements = Math.ceil(bytes / elementBytes(buffer.type));
    this.buffers.set(id, { ...buffer, elements, bytes: elements * elementBytes(buffer.type) });
  }

  #access({ step, operation, reads, result, written }: Piece, operand: string, made: string): PieceAccess {
    const elementwise = operation !== undefined && step.inPlace.includes(operand);
    const first = operation !== undefined && operandIds(operation)[0] === operand && result === made;
    return {
      readFrom: reads.get(operand),
      written: result === made ? written : undefined,
      rule: elementwise ? { distanceBytes: 0, multipleBytes: 1 } : first ? this.#rule(step) : undefined,
    };
  }

  /** Most patches of a layer make the same call at another place. */
  #rule(step: Step): OverlapRule | undefined {
    const key = callKey(step);
    if (!this.#rules.has(key)) this.#rules.set(key, overlapRule(step));
    return this.#rules.get(key);
  }

  /** The result under the operands of the stage, and buffers of single patches under each other. */
  overlaps(): AllowedOverlap[] {
    const { operations, internal, output } = this.#stage;
    const external = new Set(operations.flatMap(operandIds).filter((id) => !internal.has(id)));
    const around = [...external].map((above) => ({
      below: output,
      above,
      ...pieceDistance(this.#pieces.flat().map((piece) => this.#access(piece, above, output))),
    }));
    const inside = operations.flatMap((operation) =>
      operandIds(operation).flatMap((above): AllowedOverlap[] => {
        const below = resultId(operation);
        if (this.resident.has(above) || this.resident.has(below)) return [];
        const rules = this.#pieces.map((pieces) =>
          pieceDistance(pieces.map((piece) => this.#access(piece, above, below))),
        );
        const [{ multipleBytes }] = rules;
        if (rules.some((rule) => rule.multipleBytes !== multipleBytes)) return [];
        return [{ below, above, distanceBytes: Math.max(...rules.map((rule) => rule.distanceBytes)), multipleBytes }];
      }),
    );
    return [...around, ...inside];
  }
}

function isAligned(argument: Step['args'][number]): boolean {
  if (argument.kind !== 'buffer') return true;
  const { skipBytes = 0 } = argument;
  return Number.isInteger(skipBytes) && skipBytes % POINTER_ALIGNMENT === 0;
}
