/**
 * Sparse weights. Bytes of every encoding of an int8 and a float matrix over shares of zeros, and whether the chosen one is ever larger than
 * plain or more than 3 % above the best; then time and flash of the paper's LeNet with 95 % of its weights pruned one by one, on the virtual boards
 * (flash waits included). Peer: the paper's figures for that network on silicon (arXiv 2205.10369, table 5: Nano 360.95 ms, Pico 392.23 ms,
 * uint8), and its encoding, CRS with 16-bit columns, with our kernels. The paper does not say how its 95 % spread over the layers: the figure has 95 % in
 * each; with one threshold for all, the convolutions keep half of their weights and take most of the time (rows with `global`).
 */
import {
  chooseEncoding,
  type EncodedMatrix,
  encodingName,
  encodings,
  interpret,
  predictSizes,
  type WeightForm,
  type WeightMatrix,
} from '@tinypareto/evaluators';
import type { FlashModel } from '@tinypareto/hw-agents/virtual';
import { board } from '../test/support/boards.ts';
import type { BenchOptions, BenchResult } from './bench-result.ts';
import { runOnCore } from './support/network-on-core.ts';
import { type Spread, sparseLenet } from './support/sparse-lenet.ts';

const ZEROS = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.667, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.97, 0.99];
const SHARE = 0.95;

const BOARDS: readonly { readonly name: 'nano33ble' | 'pico'; readonly flash: FlashModel; readonly paperMs: number }[] =
  [
    { name: 'nano33ble', flash: { kind: 'dataWait', cyclesPerWord: 2 }, paperMs: 360.95 },
    { name: 'pico', flash: { kind: 'xipCache', missCycles: 40 }, paperMs: 392.23 },
  ];

function randomMatrix(zeros: number, float: boolean): WeightMatrix {
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const [rows, columns] = [64, 576];
  const draw = () => (next() < zeros ? 0 : float ? next() - 0.5 : Math.floor(next() * 254) - 127 || 1);
  const data = Array.from({ length: rows * columns }, draw);
  return { rows, columns, values: float ? Float32Array.from(data) : Int8Array.from(data), zeroOf: () => 0 };
}

function bytesTable(float: boolean) {
  return ZEROS.map((zeros) => {
    const matrix = randomMatrix(zeros, float);
    const dense = matrix.values.byteLength;
    const all = encodings(matrix);
    const smallest = (coding: string) =>
      Math.min(...all.filter(({ places }) => places.coding === coding).map(({ bytes }) => bytes));
    const chosen: EncodedMatrix | null = chooseEncoding(matrix, { core: 'cortex-m4f', pixels: 64, goal: 'small' });
    const best = Math.min(dense, ...all.map(({ bytes }) => bytes));
    return {
      zeros,
      dense,
      ...Object.fromEntries(['crs8', 'crs16', 'delta4', 'bitmap'].map((coding) => [coding, smallest(coding)])),
      chosen: chosen === null ? 'dense' : encodingName(chosen),
      chosenBytes: chosen?.bytes ?? dense,
      ofDense: (chosen?.bytes ?? dense) / dense,
      ofBest: (chosen?.bytes ?? dense) / best,
    };
  });
}

async function timeLenet(where: (typeof BOARDS)[number], spread: Spread, weights: WeightForm) {
  const graph = sparseLenet(SHARE, spread);
  const data = Float32Array.from({ length: 784 }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 24) / 255);
  const { clockHz } = board(where.name);
  const run = await runOnCore(graph, board(where.name), [new Uint8Array(data.buffer)], where.flash, { weights });
  const shape = graph.inputs[0].shape;
  const expected = interpret(graph, new Map([[graph.inputs[0].name, { dtype: 'float32', shape, data }]]));
  const y = expected.get(graph.outputs[0]);
  const milliseconds = (run.cycles / clockHz) * 1000;
  return {
    board: where.name,
    spread,
    weights,
    milliseconds,
    paperMs: where.paperMs,
    timesFaster: where.paperMs / milliseconds,
    romBytes: predictSizes(run.program).romBytes,
    ramBytes: predictSizes(run.program).ramBytes,
    outputsEqual: y !== undefined && Buffer.compare(Buffer.from(y.data.buffer), run.outputs[0]) === 0,
    layers: run.layers.map(({ kernel, macs, cycles }) => ({ kernel, macs, cycles })),
    encodings: run.program.constants.filter(({ id }) => id.endsWith('_w')).map(({ encoding }) => encoding),
  };
}

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  const tables = { int8: bytesTable(false), float32: bytesTable(true) };
  const rows = [];
  for (const where of BOARDS) {
    for (const spread of ['perLayer', 'global'] as const) {
      for (const weights of ['auto', 'small', 'fast', 'crs16', 'dense'] as const) {
        if (spread === 'global' && weights === 'dense') continue;
        rows.push(await timeLenet(where, spread, weights));
      }
    }
  }
  const ours = rows.filter(
    ({ weights, spread, outputsEqual }) => weights === 'auto' && spread === 'perLayer' && outputsEqual,
  );
  const slowest = ours.reduce((a, b) => (b.timesFaster < a.timesFaster ? b : a));
  const all = [...tables.int8, ...tables.float32];
  const first = (gains: (row: (typeof all)[number]) => boolean) => tables.int8.find(gains)?.zeros ?? null;
  return {
    name: 'sparse',
    figure: slowest.milliseconds,
    unit: `ms, LeNet uint8 with ${SHARE * 100} % of its weights pruned, on ${slowest.board} (modelled; of two boards the one that gains less)`,
    peer: 'dnnruntime, arXiv 2205.10369 table 5 (silicon)',
    peerFigure: slowest.paperMs,
    ratio: slowest.timesFaster,
    details: {
      mismatches: rows.filter(({ outputsEqual }) => !outputsEqual).length,
      largestOfDense: Math.max(...all.map(({ ofDense }) => ofDense)),
      largestOfBest: Math.max(...all.map(({ ofBest }) => ofBest)),
      int8PaysFrom: {
        ours: first(({ ofDense }) => ofDense < 1),
        crs16: first((row) => Number(row['crs16' as keyof typeof row]) < row.dense),
      },
      rows: args.includes('--layers') ? rows : rows.map(({ layers: _, ...row }) => row),
      bytes: tables,
    },
  };
}
