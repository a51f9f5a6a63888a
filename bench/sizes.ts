/**
 * Sizes before compiling against the linked file: every reference model and random net of ../shared/models on both boards. ROM =
 * .text + .rodata + .data, RAM = .data + .bss of the network (code, weights, functions of runtime-c, compiler support; no startup
 * code, no stack). Models that do not fit the board are linked for a larger one: sizes do not depend on it.
 *
 * Options: --every N (only every Nth network), --blob (the blob form), --layers MODEL (predicted bytes of each layer of one model).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BoardSpec,
  buildArm,
  emitC,
  fuseQuantized,
  importOnnx,
  lower,
  predictSizes,
} from '@tinypareto/evaluators';
import { board } from '../test/support/boards.ts';
import { modelNames } from '../test/support/exactness.ts';
import { modelBytes } from '../test/support/reference-io.ts';
import { type BenchOptions, type BenchResult, median, option } from './bench-result.ts';

const FOLDERS = ['mlperf-tiny', 'lenet', 'har', 'fuzz-nets'];
const BOARDS = ['pico', 'nano33ble'] as const;

interface Row {
  readonly model: string;
  readonly board: string;
  readonly predictedRom: number;
  readonly linkedRom: number;
  readonly predictedRam: number;
  readonly linkedRam: number;
}

/** Large enough for every model. */
function roomy(spec: BoardSpec): BoardSpec {
  return { ...spec, flashBytes: 16 << 20, ramBytes: 4 << 20 };
}

async function measure(folder: string, name: string, spec: BoardSpec, cache: string, blob: boolean): Promise<Row> {
  const program = lower(fuseQuantized(importOnnx(modelBytes(folder, name))), roomy(spec));
  const predicted = predictSizes(program, program.board, { blob });
  const built = await buildArm(program, roomy(spec), cache, emitC(program, { blob }));
  if (built.kind === 'missing') throw new Error(`${built.missing} is missing: ${built.hint}`);
  const { text, rodata, data, bss } = built.linked;
  return {
    model: `${folder}/${name}`,
    board: spec.name,
    predictedRom: predicted.romBytes,
    linkedRom: text + rodata + data,
    predictedRam: predicted.ramBytes,
    linkedRam: data + bss,
  };
}

const romError = ({ predictedRom, linkedRom }: Row) => Math.abs(predictedRom / linkedRom - 1);

function layersOf(model: string) {
  const [folder = '', name = ''] = model.split('/');
  const program = lower(fuseQuantized(importOnnx(modelBytes(folder, name))), board('nano33ble'));
  return predictSizes(program).layers.map(({ id, name: node, op, weightBytes, encoding, macs }) => ({
    id,
    node,
    op,
    weightBytes,
    encoding,
    macs,
  }));
}

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  const every = Number(option(args, 'every', '1'));
  const layers = option(args, 'layers', '');
  const cache = mkdtempSync(join(tmpdir(), 'tinypareto-sizes-'));
  const rows: Row[] = [];
  try {
    const models = FOLDERS.flatMap((folder) => modelNames(folder).map((name) => [folder, name] as const));
    const chosen = models.filter((_model, index) => index % every === 0);
    const jobs = chosen.flatMap(([folder, name]) =>
      BOARDS.map((each) => () => measure(folder, name, board(each), cache, args.includes('--blob'))),
    );
    const lane = async (): Promise<void> => {
      for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) rows.push(await job());
    };
    await Promise.all(Array.from({ length: availableParallelism() }, lane));
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
  const errors = rows.map(romError);
  return {
    name: 'sizes',
    figure: 100 * Math.max(...errors),
    unit: '% largest error of predicted ROM against the linked file',
    peer: 'nobody predicts ROM and RAM before compiling; X-CUBE-AI and TFLM tell after (tflite-micro#2738: RAM under-reported)',
    peerFigure: null,
    ratio: null,
    details: {
      networks: rows.length / BOARDS.length,
      boards: BOARDS,
      romWithinOnePercent: errors.filter((error) => error <= 0.01).length,
      medianRomErrorPercent: 100 * median(errors),
      ramExact: rows.filter((row) => row.predictedRam === row.linkedRam).length,
      rows: rows.length,
      worst: rows.toSorted((a, b) => romError(b) - romError(a)).slice(0, 12),
      ramWrong: rows.filter((row) => row.predictedRam !== row.linkedRam).slice(0, 12),
      ...(layers === '' ? {} : { layers: layersOf(layers) }),
    },
  };
}
