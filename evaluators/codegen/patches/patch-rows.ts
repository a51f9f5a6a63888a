/**
 * Which rows each layer of a stage computes in each patch. The result of the stage is made `rows` rows at a time; what that takes is
 * followed backwards through the layers. Rows that two patches need are kept from one to the next (`keepsRows`), or computed again, as in
 * MCUNetV2 (arXiv 2110.15352), which saves the moves and costs MACs. A patch is as wide as the image: rows are contiguous in memory, so no kernel
 * needs to know of patches.
 */
import type { RowOperation, Rows } from './row-operation.ts';
import { rowCount } from './row-operation.ts';

export interface Stage {
  readonly operations: readonly RowOperation[];
  /** Rows of every buffer that is walked by rows. */
  readonly heights: ReadonlyMap<string, number>;
  /** Buffers that are made and read inside the stage only. */
  readonly internal: ReadonlySet<string>;
  /** Made by the last operation. */
  readonly output: string;
}

export interface PatchRows {
  /** Rows that operation k computes. */
  readonly computed: readonly Rows[];
  /** Rows of an internal buffer that are in memory when its operation has run. */
  readonly held: ReadonlyMap<string, Rows>;
}

export function operandIds({ step, operands }: RowOperation): string[] {
  return operands.map((position) => bufferAt(step.args[position]));
}

export function resultId({ step, result }: RowOperation): string {
  return bufferAt(step.args[result]);
}

function bufferAt(argument: RowOperation['step']['args'][number] | undefined): string {
  if (argument?.kind !== 'buffer') throw new Error('an operand that is no buffer');
  return argument.id;
}

/** Rows of all patches in turn. Throws RangeError when there is none of a row. */
export function patchRows(stage: Stage, rows: number, keepsRows: boolean): PatchRows[] {
  const height = heightOf(stage, stage.output);
  if (!(rows >= 1)) throw new RangeError('a patch has at least one row');
  const done = new Map<string, number>();
  const patches: { computed: Rows[]; read: Map<string, Rows> }[] = [];
  for (let from = 0; from < height; from += rows) {
    const wanted = new Map<string, Rows>([[stage.output, { from, to: Math.min(from + rows, height) }]]);
    const read = new Map<string, Rows>();
    const computed: Rows[] = [];
    for (const operation of stage.operations.toReversed()) {
      const own = wanted.get(resultId(operation));
      const already = done.get(resultId(operation)) ?? 0;
      const fresh = fresher(own, already, keepsRows);
      computed.unshift(fresh);
      if (rowCount(fresh) === 0) continue;
      done.set(resultId(operation), Math.max(already, fresh.to));
      for (const id of operandIds(operation)) {
        const needed = operation.needed(fresh, heightOf(stage, id));
        wanted.set(id, union(wanted.get(id), needed));
        read.set(id, union(read.get(id), needed));
      }
    }
    patches.push({ computed, read });
  }
  return withHeldRows(stage, patches);
}

function fresher(own: Rows | undefined, already: number, keepsRows: boolean): Rows {
  if (own === undefined) return { from: already, to: already };
  if (!keepsRows) return own;
  const from = Math.max(own.from, already);
  return { from, to: Math.max(from, own.to) };
}

/** An internal buffer holds rows from the first that this or a later patch reads to the last that was made. */
function withHeldRows(
  stage: Stage,
  patches: readonly { readonly computed: Rows[]; readonly read: ReadonlyMap<string, Rows> }[],
): PatchRows[] {
  const firstRead = new Map<string, number>();
  return patches
    .toReversed()
    .map(({ computed, read }) => {
      const held = new Map<string, Rows>();
      stage.operations.forEach((operation, k) => {
        const id = resultId(operation);
        if (!stage.internal.has(id)) return;
        const from = Math.min(
          read.get(id)?.from ?? Number.POSITIVE_INFINITY,
          firstRead.get(id) ?? Number.POSITIVE_INFINITY,
        );
        const { to } = computed[k];
        firstRead.set(id, from);
        held.set(id, { from: Math.min(from, to), to });
      });
      return { computed, held };
    })
    .toReversed();
}

function union(a: Rows | undefined, b: Rows): Rows {
  return a === undefined ? b : { from: Math.min(a.from, b.from), to: Math.max(a.to, b.to) };
}

export function heightOf({ heights }: Stage, id: string): number {
  const height = heights.get(id);
  if (height === undefined) throw new Error(`${id} has no rows`);
  return height;
}
