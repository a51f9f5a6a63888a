/**
 * Measures kernels for the speed model: runs random layers of every family on the virtual cores and fits cycles per loop count for
 * each kernel that they call, and words of data read from flash where a board waits for these. Writes evaluators/codegen/predict/speed-model/<core>.json (then format it with biome). `--layers N` layers a
 * family (default 60), `--core NAME` only one core, `--families a,b` only kernels that these families call, `--kernels a,b` of them only these; `--check` measures a few layers and fails where the model is off by more than
 * 10 %. Needs arm-none-eabi-gcc.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { option } from '../bench/bench-result.ts';
import { LAYER_FAMILIES } from '../bench/support/layer-shapes.ts';
import { type MeasuredLayer, measureLayers } from '../bench/support/measured-layers.ts';
import { loopCounts } from '../evaluators/codegen/predict/loop-counts.ts';
import { kernelKey, type SpeedModel, speedModel, stepCycles } from '../evaluators/codegen/predict/speed-model.ts';
import { board } from '../test/support/boards.ts';
import { nonNegativeFit, sparseFit } from './nonnegative-fit.ts';

const TARGET = join(import.meta.dirname, '..', 'evaluators', 'codegen', 'predict', 'speed-model');

interface Sample {
  readonly kernel: string;
  readonly counts: ReadonlyMap<string, number>;
  readonly cycles: number;
}

type Figures = (layer: MeasuredLayer) => readonly number[];

function samplesOf(measured: readonly MeasuredLayer[], figures: Figures): Sample[] {
  return measured.flatMap((layer) =>
    layer.program.steps.map((step, index) => ({
      kernel: kernelKey(step),
      counts: loopCounts(step, layer.program),
      cycles: figures(layer)[index] ?? 0,
    })),
  );
}

const rounded = (value: number): number => Number(value.toPrecision(5));

function fitKernel(samples: readonly Sample[]): Record<string, number> {
  const names = [...new Set(samples.flatMap(({ counts }) => [...counts.keys()]))];
  const rows = samples.map(({ counts }) => names.map((name) => counts.get(name) ?? 0));
  const weights = sparseFit(
    rows,
    samples.map(({ cycles }) => cycles),
  );
  const entries = names.map((name, index) => [name, rounded(weights[index] ?? 0)] as const);
  return Object.fromEntries(entries.filter(([, weight]) => weight > 0));
}

/** Calls of one shape count once: repeated among those that a fit is judged by they would speak for too many weights. */
function distinct(samples: readonly Sample[]): Sample[] {
  const shapes = samples.map((sample) => [`${sample.kernel} ${JSON.stringify([...sample.counts])}`, sample] as const);
  return [...new Map(shapes).values()];
}

/** Calls without any are left out: relative errors have no meaning there. */
function fitKernels(measured: readonly MeasuredLayer[], figures: Figures): SpeedModel['kernels'] {
  const samples = distinct(samplesOf(measured, figures).filter(({ cycles }) => cycles > 0));
  const byKernel = [...Map.groupBy(samples, ({ kernel }) => kernel)].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(byKernel.map(([name, own]) => [name, fitKernel(own)]));
}

function fit(measured: readonly MeasuredLayer[], countsWords: boolean): SpeedModel {
  const outside = measured.map(({ program, cycles, steps }) => {
    const ports = [...program.inputs, ...program.outputs].reduce((sum, { bytes }) => sum + bytes, 0);
    return { row: [1, program.steps.length, ports], cycles: cycles - steps.reduce((sum, each) => sum + each, 0) };
  });
  const [inference = 0, call = 0, portByte = 0] = nonNegativeFit(
    outside.map(({ row }) => row),
    outside.map(({ cycles }) => cycles),
  ).map(rounded);
  const kernels = fitKernels(measured, ({ steps }) => steps);
  const flashWords = countsWords ? { flashWords: fitKernels(measured, ({ stepWords }) => stepWords) } : {};
  return { kernels, ...flashWords, around: { inference, call, portByte } };
}

/** The old model with the kernels that were measured anew: all of them, or those of `named` in any mode. */
function merge(old: SpeedModel, { kernels, flashWords }: SpeedModel, named: readonly string[]): SpeedModel {
  const taken = ([key]: [string, unknown]) => named.length === 0 || named.includes(key.replace(/@.*/, ''));
  const both = (before: SpeedModel['kernels'] = {}, after: SpeedModel['kernels'] = {}) => {
    const own = Object.fromEntries(Object.entries(after).filter(taken));
    return Object.fromEntries(Object.entries({ ...before, ...own }).sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  const words = flashWords === undefined ? {} : { flashWords: both(old.flashWords, flashWords) };
  return { ...old, kernels: both(old.kernels, kernels), ...words };
}

function check(measured: readonly MeasuredLayer[], model: SpeedModel, core: string): void {
  for (const { program, steps } of measured) {
    program.steps.forEach((step, index) => {
      const cycles = steps[index] ?? 0;
      const predicted = stepCycles(step, program, model);
      if (predicted !== undefined && Math.abs(predicted / cycles - 1) <= 0.1) return;
      console.error(`${core} ${step.kernel}: ${cycles} cycles, the model says ${predicted ?? 'nothing'}`);
      process.exitCode = 1;
    });
  }
}

const args = process.argv.slice(2);
const only = option(args, 'core', '');
const chosen = option(args, 'families', '');
const named = option(args, 'kernels', '')
  .split(',')
  .filter((name) => name !== '');
const families = chosen === '' ? Object.keys(LAYER_FAMILIES) : chosen.split(',');
for (const spec of [board('nano33ble'), board('pico')]) {
  if (only !== '' && spec.core !== only) continue;
  if (args.includes('--check')) {
    check(
      await measureLayers(spec, Number(option(args, 'layers', '2')), 5000, families),
      speedModel(spec.core),
      spec.core,
    );
    continue;
  }
  const measured = await measureLayers(spec, Number(option(args, 'layers', '60')), 1, families);
  const fitted = fit(measured, spec.flashTiming?.kind === 'dataWait');
  const model = chosen === '' ? fitted : merge(speedModel(spec.core), fitted, named);
  mkdirSync(TARGET, { recursive: true });
  writeFileSync(join(TARGET, `${spec.core}.json`), `${JSON.stringify(model, null, 1)}\n`);
}
