/**
 * What differs from patch to patch in a loop, as columns of a table with one row for each patch: parameter structures, places in the arena,
 * counts. All else is written into the body of the loop once.
 */
import type { StructName } from '../kernels/kernel-table.ts';
import { placeInArena } from '../offset-of.ts';
import type { Argument, FieldValue, PatchLoop, Program, Step } from '../program.ts';

export interface LoopStructure {
  readonly id: string;
  readonly struct: StructName;
  readonly fields: Readonly<Record<string, FieldValue>>;
}

export interface LoopColumn {
  readonly name: string;
  /** Structures by their ids (null: this patch does not make the call), or numbers. */
  readonly cells: { readonly struct: StructName; readonly ids: readonly (string | null)[] } | readonly number[];
}

export type LoopArgument =
  | { readonly kind: 'same'; readonly argument: Argument }
  /** Bytes from the start of the buffer's arena, always or in a column. */
  | { readonly kind: 'place'; readonly argument: Argument & { readonly kind: 'buffer' }; readonly at: number | string }
  | { readonly kind: 'count'; readonly column: string };

export interface LoopCall {
  /** The call in the first patch that makes it. */
  readonly step: Step;
  /** Column, or id of the only structure, or nothing without parameters. */
  readonly params: { readonly column: string } | { readonly id: string } | undefined;
  /** A column that is 0 where a patch does not make the call. */
  readonly guard: string | undefined;
  readonly args: readonly LoopArgument[];
}

export interface LoopTable {
  readonly calls: readonly LoopCall[];
  readonly columns: readonly LoopColumn[];
  readonly structures: readonly LoopStructure[];
}

export function loopTable(program: Program, loop: PatchLoop): LoopTable {
  const columns: LoopColumn[] = [];
  const structures: LoopStructure[] = [];
  const calls = Array.from({ length: loop.positions }, (_, position) => {
    const inPatch = new Map<number, Step>();
    for (const step of program.steps.slice(loop.first, loop.end)) {
      if (step.patch?.position === position) inPatch.set(step.patch.patch, step);
    }
    const steps = Array.from({ length: loop.patches }, (_, patch) => inPatch.get(patch));
    return loopCall(program, steps, columns, structures);
  });
  return { calls, columns, structures };
}

function loopCall(
  program: Program,
  steps: readonly (Step | undefined)[],
  columns: LoopColumn[],
  structures: LoopStructure[],
): LoopCall {
  const step = steps.find((each) => each !== undefined);
  if (step === undefined) throw new Error('a place in a loop that no patch uses');
  const absent = steps.includes(undefined);
  const numbers = (name: string, values: readonly number[]): string => {
    columns.push({ name, cells: values });
    return name;
  };
  const params = parameters(steps, step, absent, columns, structures);
  const isGuarded = absent && step.params === undefined;
  const guard = !absent
    ? undefined
    : isGuarded
      ? numbers(
          `${step.id}_on`,
          steps.map((each) => (each === undefined ? 0 : 1)),
        )
      : step.id;
  const args = step.args.map((argument, j): LoopArgument => {
    if (argument.kind === 'integer') {
      const values = steps.map((each) => numberOf(each?.args[j]));
      if (values.every((value, patch) => steps[patch] === undefined || value === argument.value))
        return { kind: 'same', argument };
      return { kind: 'count', column: numbers(`${step.id}_n${j}`, values) };
    }
    if (argument.kind !== 'buffer') return { kind: 'same', argument };
    const places = steps.map((each) => placeOf(program, each?.args[j]));
    const [first] = places.filter((_, patch) => steps[patch] !== undefined);
    const moves = places.some((place, patch) => steps[patch] !== undefined && place !== first);
    if (moves) return { kind: 'place', argument, at: numbers(`${step.id}_at${j}`, places) };
    return first === placeInArena(program, argument.id)
      ? { kind: 'same', argument }
      : { kind: 'place', argument, at: first };
  });
  return { step, params, guard, args };
}

function parameters(
  steps: readonly (Step | undefined)[],
  { id }: Step,
  absent: boolean,
  columns: LoopColumn[],
  structures: LoopStructure[],
): LoopCall['params'] {
  const ids = new Map<string, string>();
  let struct: StructName | undefined;
  const cells = steps.map((each) => {
    if (each?.params === undefined) return null;
    const key = JSON.stringify(each.params.fields);
    const known = ids.get(key) ?? `${id}_patch${ids.size}`;
    if (!ids.has(key)) structures.push({ id: known, ...each.params });
    ids.set(key, known);
    struct = each.params.struct;
    return known;
  });
  if (struct === undefined) return undefined;
  const [only] = ids.values();
  if (ids.size === 1 && !absent) return { id: only };
  columns.push({ name: id, cells: { struct, ids: cells } });
  return { column: id };
}

function numberOf(argument: Argument | undefined): number {
  return argument?.kind === 'integer' ? argument.value : 0;
}

function placeOf(program: Program, argument: Argument | undefined): number {
  return argument?.kind === 'buffer' ? placeInArena(program, argument.id) + (argument.skipBytes ?? 0) : 0;
}
