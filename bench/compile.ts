/**
 * Seconds from an ONNX file to a linked ELF file: import, rewriting, planning and C sources; then compiling with the functions of runtime-c
 * new, compiling with them kept, and finding the finished build. Options: --board NAME (default nano33ble), --models a,b.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileModel, importOnnx } from '@tinypareto/evaluators';
import { board } from '../test/support/boards.ts';
import { sharedPath } from '../test/support/shared.ts';
import { type BenchOptions, type BenchResult, median, option } from './bench-result.ts';

const MODELS = [
  'mlperf-tiny/kws-dscnn.int8-pc',
  'mlperf-tiny/ic-resnet8.int8-pc',
  'mlperf-tiny/vww-mobilenetv1.int8-pc',
  'mlperf-tiny/ad-autoencoder.int8-pc',
  'lenet/lenet5-classic.int8-pc',
  'har/har-resnet1d.int8-pc',
  'har/har-lstm',
];

const seconds = (from: number): number => Number(((performance.now() - from) / 1000).toFixed(3));

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  const name = option(args, 'board', 'nano33ble');
  if (name !== 'nano33ble' && name !== 'pico') throw new Error(`no board ${name}`);
  const spec = { ...board(name), ramBytes: 1 << 20 };
  const models = option(args, 'models', MODELS.join()).split(',');
  const rows = [];
  for (const model of models) {
    const cacheFolder = mkdtempSync(join(tmpdir(), 'tinypareto-compile-'));
    try {
      const start = performance.now();
      const graph = importOnnx(readFileSync(`${sharedPath('models', ...model.split('/'))}.onnx`));
      const imported = seconds(start);
      const emitting = performance.now();
      const { romBytes } = await compileModel(graph, spec);
      const sources = seconds(emitting);
      const times = [];
      for (const prefix of ['first', 'second', 'second']) {
        const from = performance.now();
        const { linked } = await compileModel(graph, spec, { cacheFolder, prefix });
        if (linked === null) throw new Error('arm-none-eabi-gcc is not here');
        times.push(seconds(from));
      }
      const [cold, kept, cached] = times;
      rows.push({ model, romBytes, imported, sources, cold, kept, cached });
    } finally {
      rmSync(cacheFolder, { recursive: true, force: true });
    }
  }
  return {
    name: 'compile',
    figure: median(rows.map(({ kept }) => kept ?? 0)),
    unit: 's from graph to linked file, functions of runtime-c kept (median of the models)',
    peer: null,
    peerFigure: null,
    ratio: null,
    details: { board: name, rows },
  };
}
