/** The answer of `measure`, from an agent's device or from a virtual board. */
import { createHash } from 'node:crypto';
import {
  type BoardSpec,
  type Graph,
  interpret,
  type LayerCycles,
  outputDifference,
  type Tensor,
  toleranceFor,
} from '@tinypareto/evaluators';
import { type Distribution, summarize } from '@tinypareto/hw-agents/protocol';
import { EXIT, UserError } from '../errors.ts';
import type { CommandContext } from './command-context.ts';
import { formatBytes, formatMicroseconds } from './format-values.ts';
import { measureWithLocalAgent } from './measure-with-local-agent.ts';
import type { MemoryOptions } from './memory-options.ts';
import { renderTable } from './render-table.ts';
import { runOnVirtual } from './run-on-virtual-board.ts';
import { tensorBytes } from './tensor-bytes.ts';

export interface MeasureReport {
  readonly json: Readonly<Record<string, unknown>>;
  text(): string;
}

/** How the outputs were compared, in words. */
function comparisonOf(graph: Graph): string {
  const { floatTolerance } = toleranceFor(graph);
  return floatTolerance === undefined ? 'byte for byte' : `within ${floatTolerance} of the largest output`;
}

export async function measureOnHost(
  graph: Graph,
  feeds: ReadonlyMap<string, Tensor>,
  board: BoardSpec,
  runs: number,
  context: CommandContext,
): Promise<MeasureReport> {
  const { device, measurement } = await measureWithLocalAgent(graph, feeds, board, runs, context);
  const { latencyUs } = measurement;
  const comparison = comparisonOf(graph);
  return {
    json: {
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
    text: () =>
      [
        `${board.title} (${device}), ${latencyUs.n} runs, measured`,
        `median ${formatMicroseconds(latencyUs.median)}, fastest ${formatMicroseconds(latencyUs.min)}, 95 % below ${formatMicroseconds(latencyUs.p95)}, middle half within ${formatMicroseconds(latencyUs.iqr)}`,
        `outputs equal the interpreter's ${comparison}`,
      ].join('\n'),
  };
}

/** Throws UserError NUMERIC when the virtual board computes something else than the interpreter. */
export async function measureOnVirtualBoard(
  graph: Graph,
  feeds: ReadonlyMap<string, Tensor>,
  board: BoardSpec,
  options: MemoryOptions = {},
): Promise<MeasureReport> {
  const { program, run } = await runOnVirtual(graph, feeds, board, options);
  const layers = withoutPatches(run.layers);
  const got = Buffer.concat(run.inferences[0]?.outputs ?? []);
  const expected = interpret(graph, feeds);
  const wanted = Buffer.concat(graph.outputs.map((name) => tensorBytes(expected.get(name))));
  const difference = outputDifference(got, wanted, toleranceFor(graph).floatTolerance);
  if (difference !== undefined) {
    throw new UserError({
      code: 'NUMERIC',
      message: `on ${board.title} the output differs from the interpreter's ${difference}`,
      hint: 'this is a fault of the compiler or the virtual board: please report it with the model',
      exitCode: EXIT.fault,
    });
  }
  const toMicroseconds = (cycles: number): number => (cycles / board.clockHz) * 1e6;
  const samples = run.inferences.map((inference) => inference.cycles);
  const cycles = summarize(samples);
  const latencyUs = summarize(samples.map(toMicroseconds));
  const ramHighWaterBytes = program.arenaBytes + run.stackBytes;
  const comparison = comparisonOf(graph);
  return {
    json: {
      board: board.name,
      device: `virtual:${board.name}`,
      provenance: 'modelled',
      errorBand: errorBand(latencyUs, board.cycleErrorShare),
      runs: samples.length,
      cycles,
      latencyUs,
      energyUj: null,
      ramHighWaterBytes,
      stackBytes: run.stackBytes,
      layers: layers.map(({ name, op, kernel, macs, cycles: own }) => ({ name, op, kernel, macs, cycles: own })),
      outputsSha256: createHash('sha256').update(got).digest('hex'),
      matchesInterpreter: true,
      comparison,
      toolVersions: { compiler: run.compiler },
      warnings: ['modelled: no board was asked; one run is enough, because every run takes the same cycles'],
    },
    text: () =>
      [
        renderTable(
          [
            { title: 'layer' },
            { title: 'operator' },
            { title: 'kernel' },
            { title: 'cycles', align: 'right' },
            { title: 'per MAC', align: 'right' },
          ],
          layers.map((layer) => [
            layer.name,
            layer.op,
            layer.kernel,
            String(layer.cycles),
            layer.macs > 0 ? (layer.cycles / layer.macs).toFixed(2) : '',
          ]),
        ),
        '',
        `virtual ${board.title}: ${cycles.median} cycles, ${formatMicroseconds(latencyUs.median)} (modelled${board.cycleErrorShare === undefined ? '' : `; a board may differ by ${Math.round(100 * board.cycleErrorShare)} %`})`,
        `RAM ${formatBytes(ramHighWaterBytes)} with ${formatBytes(run.stackBytes)} of stack`,
        `outputs equal the interpreter's ${comparison}`,
      ].join('\n'),
  };
}

/** The calls of all patches of a layer as one. */
function withoutPatches(layers: readonly LayerCycles[]): LayerCycles[] {
  const merged: { key: string; row: LayerCycles }[] = [];
  layers.forEach((row, i) => {
    const key = row.inPatches ? `${row.id} ${row.kernel}` : String(i);
    const known = merged.find((each) => each.key === key);
    if (known === undefined) merged.push({ key, row });
    else known.row = { ...known.row, cycles: known.row.cycles + row.cycles };
  });
  return merged.map(({ row }) => row);
}

function errorBand(latencyUs: Distribution, share: number | undefined) {
  if (share === undefined) return null;
  return { share, latencyUs: { low: latencyUs.median * (1 - share), high: latencyUs.median * (1 + share) } };
}
