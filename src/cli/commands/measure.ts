/**
 * `measure model.onnx --board B`: latency on this computer through an agent, or cycle by cycle on a virtual board; it counts only when the
 * outputs equal the interpreter's.
 */
import type { Graph, Tensor } from '@tinypareto/evaluators';
import type { Command } from 'commander';
import { EXIT, UserError } from '../../errors.ts';
import { targetNames } from '../../runner/board-names.ts';
import { answer, type RunCommand } from '../command-context.ts';
import { loadModel, loadModelFor, readInputs } from '../load-model.ts';
import { addMemoryOptions, type MemoryOptions, memoryChoice } from '../memory-options.ts';
import { parsePositive } from '../parse-options.ts';

interface MeasureOptions extends MemoryOptions {
  readonly board: string;
  readonly input?: string[];
  readonly runs?: number;
}

/** A median of fewer would be a guess. */
const FEWEST_RUNS = 5;

function parseRuns(text: string): number {
  const runs = parsePositive(text);
  if (runs >= FEWEST_RUNS) return runs;
  throw new UserError({
    code: 'USAGE',
    message: `a distribution needs at least ${FEWEST_RUNS} runs, not ${runs}`,
    where: '--runs',
    exitCode: EXIT.usage,
  });
}

export function addMeasureCommand(program: Command, run: RunCommand): void {
  const command = program.command('measure');
  addMemoryOptions(command)
    .description('measure a model on a board: latency as a distribution, outputs checked byte for byte')
    .argument('<model.onnx>')
    .requiredOption('--board <board>', `host (measured), ${targetNames().join(', ')} (virtual boards: modelled)`)
    .option('--input <file...>', 'file.npy, or name=file.npy for each input; random values when absent')
    .option('--runs <n>', `timed runs on this computer, at least ${FEWEST_RUNS} (default: ${FEWEST_RUNS})`, parseRuns)
    .action((file: string, options: MeasureOptions, command: Command) =>
      run(command, async (context) => {
        const { findBoard } = await import('../../runner/board-specs.ts');
        const board = findBoard(options.board.replace(/^virtual:/, ''), '--board');
        if (board.core !== 'host' && options.runs !== undefined)
          context.note('a virtual board takes the same cycles every time: it runs once, whatever --runs says');
        if (board.core === 'host' && Object.keys(memoryChoice(options)).length > 0)
          context.note(
            '--optimize, --patches and --cores are for virtual boards: this computer runs the plain kernels',
          );
        const { graph, feeds } = await modelAndFeeds(file, options.input);
        const { measureOnHost, measureOnVirtualBoard } = await import('../measure-report.ts');
        const report =
          board.core === 'host'
            ? await measureOnHost(graph, feeds, board, options.runs ?? FEWEST_RUNS, context)
            : await measureOnVirtualBoard(graph, feeds, board, options);
        return answer(report.json, report.text);
      }),
    );
}

async function modelAndFeeds(
  file: string,
  inputs: readonly string[] | undefined,
): Promise<{ graph: Graph; feeds: Map<string, Tensor> }> {
  if (inputs !== undefined) return loadModelFor(file, await readInputs(inputs));
  const graph = await loadModel(file);
  const { allocate, elementCount, isFloat } = await import('@tinypareto/evaluators');
  const { createRng } = await import('@tinypareto/optimizer');
  const rng = createRng(1, 0, 'measure-inputs');
  const feeds = new Map<string, Tensor>();
  for (const { name, dtype, shape } of graph.inputs) {
    const data = allocate(dtype, elementCount(shape));
    // Floats in 0..1 as pixels are; integers over the range of a signed byte's positive half, which every type holds.
    for (let i = 0; i < data.length; i++) {
      const value = rng.nextFloat();
      const number = isFloat(dtype) ? value : Math.floor(value * 128);
      data[i] = typeof data[i] === 'bigint' ? BigInt(number) : number;
    }
    feeds.set(name, { dtype, shape, data });
  }
  return { graph, feeds };
}
