/** C of a loop over patches: the table of what differs between them, and the loop. */
import type { LoopCall, LoopColumn, LoopTable } from '../patches/loop-table.ts';
import type { Argument, PatchLoop } from '../program.ts';
import { emitStructure } from './emit-structure.ts';

/** What the code around knows how to write. */
export interface LoopTexts {
  readonly constant: (id: string) => string;
  readonly argument: (argument: Argument) => string;
  /** The arena of a buffer. */
  readonly arena: (buffer: string) => string;
  /** `p.weights = …;` for members that are known only at run time. */
  readonly pointers: (call: LoopCall) => readonly string[];
  readonly layerDone: (layer: number) => string;
}

const columnType = ({ cells }: LoopColumn): string => ('struct' in cells ? `const ${cells.struct} *` : 'uint32_t ');

function cell({ cells }: LoopColumn, patch: number): string {
  if (!('struct' in cells)) return String(cells[patch]);
  const id = cells.ids[patch];
  return id === null ? '0' : `&${id}`;
}

/** Structures of the calls and the table, called `loop0`. */
export function emitLoopTable(name: string, { patches }: PatchLoop, table: LoopTable, texts: LoopTexts): string[] {
  return [
    ...table.structures.flatMap(({ id, ...params }) => [...emitStructure(id, params, texts.constant), '']),
    ...(table.columns.length === 0
      ? []
      : [
          '/* What differs from patch to patch: parameters (0: nothing to do), places in the arena, counts. */',
          'static const struct {',
          ...table.columns.map((column) => `  ${columnType(column)}${column.name};`),
          `} ${name}[${patches}] = {`,
          ...Array.from(
            { length: patches },
            (_, patch) => `  {${table.columns.map((column) => cell(column, patch)).join(', ')}},`,
          ),
          '};',
        ]),
  ];
}

export function emitLoop(name: string, { patches }: PatchLoop, { calls }: LoopTable, texts: LoopTexts): string[] {
  return [
    `for (uint32_t i = 0; i < ${patches}; i++) {`,
    ...calls.flatMap((call, position) => [
      ...emitLoopCall(name, call, texts).map((line) => `  ${line}`),
      ...(calls[position + 1]?.step.layer === call.step.layer ? [] : [`  ${texts.layerDone(call.step.layer)}`]),
    ]),
    '}',
  ];
}

function emitLoopCall(name: string, call: LoopCall, texts: LoopTexts): string[] {
  const { step, params, guard } = call;
  const args = call.args.map((each) => {
    if (each.kind === 'same') return texts.argument(each.argument);
    if (each.kind === 'count') return `${name}[i].${each.column}`;
    const at = typeof each.at === 'number' ? String(each.at) : `${name}[i].${each.at}`;
    return `(${each.argument.type} *)((uint8_t *)${texts.arena(each.argument.id)} + ${at})`;
  });
  const pointers = texts.pointers(call);
  const structure = params === undefined ? undefined : 'id' in params ? `&${params.id}` : `${name}[i].${params.column}`;
  if (structure !== undefined) args.unshift(pointers.length > 0 ? '&p' : structure);
  const invoke = `${step.kernel}(${args.join(', ')});`;
  const condition = guard === undefined ? '' : `if (${name}[i].${guard} != 0) `;
  if (step.params === undefined || pointers.length === 0) return [`${condition}${invoke}`];
  // The structure is copied to the stack: its pointers are known only once the blob has a place.
  return [
    `${condition}{`,
    `  ${step.params.struct} p = *${structure};`,
    ...pointers.map((line) => `  ${line}`),
    `  ${invoke}`,
    '}',
  ];
}
