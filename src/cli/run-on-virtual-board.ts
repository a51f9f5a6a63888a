/** One network on the virtual board of a type: for `infer --engine BOARD` and `measure --board BOARD`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BoardSpec, Graph, Program, Tensor, VirtualRun } from '@tinypareto/evaluators';
import { EXIT, UserError } from '../errors.ts';
import { type MemoryOptions, memoryChoice, namingPatches } from './memory-options.ts';
import { tensorBytes } from './tensor-bytes.ts';

export interface BoardResult {
  readonly program: Program;
  readonly run: VirtualRun;
}

/**
 * Throws UserError TOOL_MISSING without the board's compiler, UNSUPPORTED_OPERATOR naming every node without a kernel, DOES_NOT_FIT when
 * the linker finds no room.
 */
export async function runOnVirtual(
  graph: Graph,
  feeds: ReadonlyMap<string, Tensor>,
  board: BoardSpec,
  options: MemoryOptions = {},
): Promise<BoardResult> {
  const { lower, predictSizes, runOnVirtualBoard } = await import('@tinypareto/evaluators');
  const program = await namingPatches(graph.name, () => lower(graph, board, memoryChoice(options)));
  const { romBytes, ramBytes } = predictSizes(program, board);
  if (romBytes > board.flashBytes || ramBytes > board.ramBytes || !program.fitsBanks) {
    throw new UserError({
      code: 'DOES_NOT_FIT',
      message: `the network needs ${romBytes} bytes of flash and ${ramBytes} of RAM; ${board.title} has ${board.flashBytes} and ${board.ramBytes}`,
      hint: 'quantize it (compile --format int8) or compress it (tinypareto compress, tinypareto run)',
      exitCode: EXIT.infeasible,
    });
  }
  const folder = await mkdtemp(path.join(tmpdir(), 'tinypareto-virtual-'));
  try {
    const inputs = program.inputs.map((port) => tensorBytes(feeds.get(port.name)));
    return { program, run: await runOnVirtualBoard(program, board, [inputs], folder) };
  } catch (error) {
    if (!(error instanceof Error && error.name === 'NoVirtualBoardError')) throw error;
    throw new UserError({
      code: 'TOOL_MISSING',
      message: error.message,
      hint: `${'hint' in error ? `${error.hint}; ` : ''}tinypareto doctor shows what else is missing`,
      exitCode: EXIT.unavailable,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
