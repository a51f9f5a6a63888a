/**
 * `measure model.onnx --board B`: latency on this computer through an agent, or cycle by cycle on a virtual board; it counts only when the
 * outputs equal the interpreter's.
 */
import type { Graph, Tensor } from '@tinypareto/evaluators';
import type { Command } from 'commander';
import { answer, type RunCommand } from '../command-context.ts';
import { loadModel, loadModelFor, readInputs } from '../load-model.ts';
import { parsePositive } from '../parse-options.ts';

interface MeasureOptions {
  readonly board: string;
  readonly input?: string[];
  readonly runs: number;
}

const FEWEST_RUNS = 5;

export function addMeasureCommand(program: Command, run: RunCommand): void {
  program
    .command('measure')
    .description('measure a model on a board: latency as a distribution, outputs checked byte for byte')
    .argument('<model.onnx>')
    .requiredOption('--board <board>', 'host (measured), pico, nano33ble (virtual boards: modelled)')
    .option('--input <file...>', 'file.npy, or name=file.npy for each input; random values when absent')
    .option('--runs <n>', 'timed runs, at least 5', parsePositive, FEWEST_RUNS)
    .action((file: string, options: MeasureOptions, command: Command) =>
      run(command, async (context) => {
        const { findBoard } = await import('../../runner/board-specs.ts');
        const board = findBoard(options.board.replace(/^virtual:/, ''), '--board');
        const { graph, feeds } = await modelAndFeeds(file, options.input);
        const { measureOnHost, measureOnVirtualBoard } = await import('../measure-report.ts');
        const report =
          board.core === 'host'
            ? await measureOnHost(graph, feeds, board, Math.max(FEWEST_RUNS, options.runs), context)
            : await measureOnVirtualBoard(graph, feeds, board);
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
