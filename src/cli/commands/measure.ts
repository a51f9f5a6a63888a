/** `measure model.onnx --board host`: latency on a device, through an agent; counted only when the outputs equal the interpreter's. */

import type { Graph, Tensor } from '@tinypareto/evaluators';
import type { Command } from 'commander';
import { EXIT, UserError } from '../../errors.ts';
import { answer, type RunCommand } from '../command-context.ts';
import { formatMicroseconds } from '../format-values.ts';
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
    .requiredOption('--board <board>', 'host')
    .option('--input <file...>', 'file.npy, or name=file.npy for each input; random values when absent')
    .option('--runs <n>', 'timed runs, at least 5', parsePositive, FEWEST_RUNS)
    .action((file: string, options: MeasureOptions, command: Command) =>
      run(command, async (context) => {
        const { findBoard } = await import('../../runner/board-specs.ts');
        const board = findBoard(options.board, '--board');
        if (board.core !== 'host') throw noDriver(board.name);
        const { graph, feeds } = await modelAndFeeds(file, options.input);
        const runs = Math.max(FEWEST_RUNS, options.runs);
        const { measureWithLocalAgent } = await import('../measure-with-local-agent.ts');
        const { device, measurement } = await measureWithLocalAgent(graph, feeds, board, runs, context);
        const { latencyUs } = measurement;
        const { toleranceFor } = await import('../../runner/host-program.ts');
        const { floatTolerance } = toleranceFor(graph);
        const comparison =
          floatTolerance === undefined ? 'byte for byte' : `within ${floatTolerance} of the largest output`;
        return answer(
          {
            board: board.name,
            device,
            provenance: 'measured',
            errorBand: null,
            runs: latencyUs.n,
            cycles: null,
            latencyUs,
            energyUj: null,
            ramHighWaterBytes: null,
            layers: [],
            outputsSha256: measurement.outputsSha256,
            matchesInterpreter: true,
            comparison,
            samplesUs: measurement.latencySamplesUs,
            programSha256: measurement.programSha256,
            toolVersions: measurement.toolVersions,
            warnings: measurement.warnings,
          },
          () =>
            [
              `${board.title} (${device}), ${latencyUs.n} runs, measured`,
              `median ${formatMicroseconds(latencyUs.median)}, fastest ${formatMicroseconds(latencyUs.min)}, 95 % below ${formatMicroseconds(latencyUs.p95)}, middle half within ${formatMicroseconds(latencyUs.iqr)}`,
              `outputs equal the interpreter's ${comparison}`,
            ].join('\n'),
        );
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

function noDriver(board: string): UserError {
  return new UserError({
    code: 'NO_DEVICE',
    message: `this version measures on the host only; it has no driver for ${board}`,
    where: '--board',
    hint: 'measure on --board host; compile gives sizes for every board',
    exitCode: EXIT.unavailable,
  });
}
