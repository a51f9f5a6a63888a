/**
 * RAM of the MLPerf Tiny networks with int8 inputs on both boards: inputs, activations, outputs and working memory of the kernels; as they are
 * compiled by default and for RAM, with the cycles of one inference on the virtual board (its flash waits included), and whether outputs are
 * the same. `--net vww,ic`, `--board nano33ble`.
 *
 * Peer: TFLM's greedy planner on the same networks, activations only, at 16-byte alignment (its working memory comes on top); computed beside
 * lower bounds from its rules. The figure is the largest share of its memory that any network needs here on the Cortex-M4.
 */
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fuseQuantized, importOnnx, lower, type OptimizeGoal, runOnVirtualBoard } from '@tinypareto/evaluators';
import { board } from '../test/support/boards.ts';
import { modelBytes } from '../test/support/reference-io.ts';
import { type BenchOptions, type BenchResult, option } from './bench-result.ts';

const MODELS: Readonly<Record<string, string>> = {
  kws: 'kws-dscnn.tflite-int8',
  ic: 'ic-resnet8.tflite-int8',
  vww: 'vww-mobilenetv1.tflite-int8',
  ad: 'ad-autoencoder.tflite-int8',
};

const TFLM_BYTES: Readonly<Record<string, number>> = { kws: 16_000, ic: 49_152, vww: 64_512, ad: 768 };

const GOALS = ['balanced', 'ram'] as const satisfies readonly OptimizeGoal[];

/** In the figure: the activations of `ad` are smaller than the working memory of any fast kernel. */
const IN_FIGURE = new Set(['kws', 'ic', 'vww']);

interface Row {
  readonly net: string;
  readonly board: string;
  readonly optimize: string;
  readonly ramBytes: number;
  readonly tflmBytes: number;
  /** Peak of the plan relative to what no plan can undercut. */
  readonly overBound: number;
  readonly proved: boolean;
  readonly stages: number;
  readonly extraMacs: number;
  readonly cycles: number;
  /** Cycles relative to the default. */
  readonly slower: number;
  readonly sameOutputs: boolean;
}

async function measure(net: string, boardName: 'pico' | 'nano33ble'): Promise<Row[]> {
  const graph = fuseQuantized(importOnnx(modelBytes('mlperf-tiny', MODELS[net] ?? net)));
  const spec = board(boardName);
  const rows: Row[] = [];
  let first: { cycles: number; outputs: string } | undefined;
  for (const optimize of GOALS) {
    const program = lower(graph, spec, { optimize });
    const inputs = program.inputs.map(({ bytes }) =>
      Uint8Array.from({ length: bytes }, (_, i) => Math.imul(i + 1, 2654435761) >>> 24),
    );
    const run = await runOnVirtualBoard(program, spec, [inputs], path.join(tmpdir(), 'tinypareto-bench'));
    const [{ cycles, outputs: bytes } = { cycles: 0, outputs: [] }] = run.inferences;
    const outputs = JSON.stringify(bytes.map((each) => [...each]));
    first ??= { cycles, outputs };
    const { peakBytes, lowerBoundBytes, optimal } = program.memory;
    rows.push({
      net,
      board: boardName,
      optimize,
      ramBytes: program.arenaBytes,
      tflmBytes: TFLM_BYTES[net] ?? 0,
      overBound: peakBytes / lowerBoundBytes,
      proved: optimal,
      stages: program.loops.length,
      extraMacs: program.loops.reduce((sum, loop) => sum + loop.extraMacs, 0),
      cycles,
      slower: cycles / first.cycles,
      sameOutputs: outputs === first.outputs,
    });
  }
  return rows;
}

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  const nets = option(args, 'net', Object.keys(MODELS).join(',')).split(',');
  const boards = option(args, 'board', 'nano33ble,pico').split(',');
  const rows: Row[] = [];
  for (const name of ['nano33ble', 'pico'] as const) {
    if (boards.includes(name)) for (const net of nets) rows.push(...(await measure(net, name)));
  }
  const counted = rows.filter((row) => row.optimize === 'ram' && row.board === 'nano33ble' && IN_FIGURE.has(row.net));
  const figure = Math.max(...counted.map(({ ramBytes, tflmBytes }) => (100 * ramBytes) / tflmBytes));
  const isRight = rows.every(({ sameOutputs }) => sameOutputs);
  return {
    name: 'memory',
    figure,
    unit: '% of the peer’s RAM, the network that gains least, Cortex-M4, compiled for RAM',
    peer: 'TFLM greedy planner, activations without working memory (stored figures)',
    peerFigure: 100,
    ratio: isRight ? 100 / figure : 0,
    details: {
      peerSource:
        'the greedy-by-size rule of TFLM 90b983c2b on the same networks; inputs, activations and outputs only',
      figureWithout: 'ad: the working memory of any fast kernel is larger than its 768 bytes of activations',
      rows,
    },
  };
}
