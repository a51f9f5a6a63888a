/**
 * Bytes of the generated functions before they are compiled: every call loads its arguments and branches, every distinct
 * address is a literal. The coefficients were fitted to what gcc 12 makes of the generated code.
 */
import type { CpuCore } from '../../board-spec.ts';
import { offsetOf } from '../offset-of.ts';
import { loopTable } from '../patches/loop-table.ts';
import type { Argument, Program } from '../program.ts';
import { modelledCore } from './size-model.ts';

export interface CodeFeatures {
  readonly calls: number;
  /** Arguments of all calls, parameter structures included. */
  readonly args: number;
  /** Distinct places and structures whose address is loaded. */
  readonly literals: number;
  readonly ports: number;
  /** Loops over patches, and what they read from their tables in one pass. */
  readonly loops: number;
  readonly cells: number;
  /** Functions for the second core. */
  readonly tasks: number;
}

export function codeFeatures(program: Program): CodeFeatures {
  const place = (id: string) => String(offsetOf(program, id));
  const literals = new Set<string>();
  let [calls, args, cells, tasks] = [0, 0, 0, 0];
  const count = (argument: Argument): void => {
    args++;
    if (argument.kind === 'buffer') literals.add(place(argument.id));
    if (argument.kind === 'constant') literals.add(argument.id);
    if (argument.kind === 'integer' && argument.value > 255) literals.add(`#${argument.value}`);
    if (argument.kind === 'float') literals.add(`#${argument.value}f`);
  };
  for (const step of program.steps) {
    if (step.patch !== undefined) continue;
    calls++;
    if (step.params !== undefined) {
      literals.add(step.id);
      args++;
    }
    // A function of its own, which shares no literals.
    if (step.beside === 'next') {
      tasks++;
      args += step.args.length;
    } else step.args.forEach(count);
  }
  program.loops.forEach((loop, index) => {
    const table = loopTable(program, loop);
    literals.add(`loop${index}`);
    for (const { params, guard, args: inLoop } of table.calls) {
      calls++;
      if (params !== undefined) args++;
      if (params !== undefined && 'id' in params) literals.add(params.id);
      else if (params !== undefined) cells++;
      if (guard !== undefined) cells++;
      for (const each of inLoop) {
        if (each.kind === 'same') count(each.argument);
        else if (each.kind === 'place' && typeof each.at === 'number') count({ kind: 'integer', value: each.at });
        else {
          args++;
          cells++;
        }
      }
    }
  });
  const ports = [...program.inputs, ...program.outputs];
  for (const port of ports) literals.add(place(port.buffer));
  return { calls, args, literals: literals.size, ports: ports.length, loops: program.loops.length, cells, tasks };
}

interface Coefficients {
  readonly base: number;
  readonly call: number;
  readonly argument: number;
  readonly literal: number;
  readonly port: number;
  readonly loop: number;
  readonly cell: number;
  readonly task: number;
}

const COEFFICIENTS: { readonly [C in 'cortex-m0plus' | 'cortex-m4f']: Coefficients } = {
  'cortex-m0plus': { base: 4, call: 4, argument: 2.4, literal: 5, port: 30, loop: 20, cell: 4, task: 32 },
  'cortex-m4f': { base: 0, call: 4, argument: 2.4, literal: 4.6, port: 30, loop: 20, cell: 4, task: 32 },
};

/** .text of `<prefix>_setup` and `<prefix>_infer`, in bytes, a multiple of 4. */
export function generatedCodeBytes(program: Program, core: CpuCore): number {
  const { calls, args, literals, ports, loops, cells, tasks } = codeFeatures(program);
  const c = COEFFICIENTS[modelledCore(core)];
  const straight = c.call * calls + c.argument * args + c.literal * literals + c.port * ports;
  return Math.round((c.base + straight + c.loop * loops + c.cell * cells + c.task * tasks) / 4) * 4;
}
