/**
 * Bytes of the generated functions before they are compiled: every call loads its arguments and branches, every distinct
 * address is a literal. The coefficients were fitted to what gcc 12 makes of the generated code.
 */
import type { CpuCore } from '../../board-spec.ts';
import type { Program } from '../program.ts';
import { modelledCore } from './size-model.ts';

export interface CodeFeatures {
  readonly calls: number;
  /** Arguments of all calls, parameter structures included. */
  readonly args: number;
  /** Distinct places and structures whose address is loaded. */
  readonly literals: number;
  readonly ports: number;
}

export function codeFeatures(program: Program): CodeFeatures {
  const place = (id: string) => String(program.memory.offsets.get(program.aliases.get(id) ?? id));
  const literals = new Set<string>();
  let args = 0;
  for (const step of program.steps) {
    if (step.params !== undefined) {
      literals.add(step.id);
      args++;
    }
    for (const argument of step.args) {
      args++;
      if (argument.kind === 'buffer') literals.add(place(argument.id));
      if (argument.kind === 'constant') literals.add(argument.id);
      if (argument.kind === 'integer' && argument.value > 255) literals.add(`#${argument.value}`);
      if (argument.kind === 'float') literals.add(`#${argument.value}f`);
    }
  }
  const ports = [...program.inputs, ...program.outputs];
  for (const port of ports) literals.add(place(port.buffer));
  return { calls: program.steps.length, args, literals: literals.size, ports: ports.length };
}

interface Coefficients {
  readonly base: number;
  readonly call: number;
  readonly argument: number;
  readonly literal: number;
  readonly port: number;
}

const COEFFICIENTS: { readonly [C in 'cortex-m0plus' | 'cortex-m4f']: Coefficients } = {
  'cortex-m0plus': { base: 4, call: 4, argument: 2.4, literal: 5, port: 30 },
  'cortex-m4f': { base: 0, call: 4, argument: 2.4, literal: 4.6, port: 30 },
};

/** .text of `<prefix>_setup` and `<prefix>_infer`, in bytes, a multiple of 4. */
export function generatedCodeBytes(program: Program, core: CpuCore): number {
  const { calls, args, literals, ports } = codeFeatures(program);
  const c = COEFFICIENTS[modelledCore(core)];
  return Math.round((c.base + c.call * calls + c.argument * args + c.literal * literals + c.port * ports) / 4) * 4;
}
