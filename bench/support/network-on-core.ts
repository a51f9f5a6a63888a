/** One inference of a network on a virtual board with room for everything: what kernels take, without the limits of a real board. */
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  type BoardSpec,
  type Graph,
  type LayerCycles,
  type LowerOptions,
  lower,
  type Program,
  runOnVirtualBoard,
} from '@tinypareto/evaluators';
import type { FlashModel } from '@tinypareto/hw-agents/virtual';

export type { LayerCycles };

export interface CoreRun {
  readonly program: Program;
  readonly outputs: readonly Uint8Array[];
  readonly cycles: number;
  readonly macs: number;
  readonly layers: readonly LayerCycles[];
}

const FLASH_BYTES = 8 << 20;
const RAM_BYTES = 1 << 20;

/** The network is lowered for the board as it is; the second of two inferences counts. `inputs` are the bytes of each input. */
export async function runOnCore(
  graph: Graph,
  board: BoardSpec,
  inputs: readonly Uint8Array[],
  flash: FlashModel,
  options: LowerOptions = {},
): Promise<CoreRun> {
  const program = lower(graph, board, options);
  const { flashTiming: _, ...untimed } = board;
  const roomy: BoardSpec = {
    ...untimed,
    flashBytes: FLASH_BYTES,
    ramBytes: RAM_BYTES,
    ...(flash.kind === 'zeroWait' ? {} : { flashTiming: flash }),
  };
  const run = await runOnVirtualBoard(program, roomy, [inputs], path.join(tmpdir(), 'tinypareto-bench'));
  const [inference] = run.inferences;
  if (inference === undefined) throw new Error('the virtual board ran nothing');
  return {
    program,
    outputs: inference.outputs,
    cycles: inference.cycles,
    macs: program.layers.reduce((sum, { macs }) => sum + macs, 0),
    layers: run.layers,
  };
}
