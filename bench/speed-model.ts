/**
 * Predicted cycles against the virtual cores, on layers that the model was not fitted to (other seeds), kernel call by kernel call, and on
 * whole networks. Memory never waits for layers; networks also with the flash of the board. Options: --layers N (per family with many loops, a third of it for the others; default 15:
 * over 300 layers on each core), --core NAME, --nets none.
 */
import { type ElementType, fuseQuantized, importOnnx, predictLatency } from '@tinypareto/evaluators';
import { speedModel, stepCycles } from '../evaluators/codegen/predict/speed-model.ts';
import { board } from '../test/support/boards.ts';
import { modelBytes } from '../test/support/reference-io.ts';
import { type BenchOptions, type BenchResult, median, option } from './bench-result.ts';
import { fillInput } from './support/input-fill.ts';
import { measureLayers } from './support/measured-layers.ts';
import { runOnCore } from './support/network-on-core.ts';

const HELD_OUT_SEED = 1001;
const NETS = [
  'kws-dscnn.int8-pc',
  'ic-resnet8.int8-pc',
  'vww-mobilenetv1.int8-pc',
  'ad-autoencoder.int8-pc',
  'kws-dscnn',
];

interface Prediction {
  readonly core: string;
  readonly family: string;
  readonly kernel: string;
  readonly cycles: number;
  readonly predicted: number;
  readonly error: number;
}

async function layersOn(name: 'pico' | 'nano33ble', layers: number) {
  const spec = board(name);
  const model = speedModel(spec.core);
  const measured = await measureLayers(spec, layers, HELD_OUT_SEED);
  const calls = measured.flatMap(({ family, program, steps }) =>
    program.steps.map((step, index): Prediction => {
      const [cycles, predicted] = [steps[index] ?? 0, stepCycles(step, program, model) ?? 0];
      return {
        core: spec.core,
        family,
        kernel: step.kernel,
        cycles,
        predicted,
        error: Math.abs(predicted / cycles - 1),
      };
    }),
  );
  const whole = measured.map(({ family, program, cycles }) => {
    const { cycles: all, waitCycles } = predictLatency(program, spec);
    const predicted = all - waitCycles;
    const kernel = program.steps.map((step) => step.kernel).join(' + ');
    return { core: spec.core, family, kernel, cycles, predicted, error: Math.abs(predicted / cycles - 1) };
  });
  return { calls, layers: whole };
}

function summary(list: readonly Prediction[]) {
  const errors = list.map(({ error }) => error).sort((a, b) => a - b);
  const percent = (value: number) => Number((100 * value).toFixed(2));
  return {
    count: errors.length,
    within5Percent: errors.filter((error) => error <= 0.05).length,
    shareWithin5Percent: percent(errors.filter((error) => error <= 0.05).length / errors.length),
    medianPercent: percent(median(errors)),
    meanPercent: percent(errors.reduce((sum, error) => sum + error, 0) / errors.length),
    p95Percent: percent(errors[Math.ceil(errors.length * 0.95) - 1] ?? 0),
    maxPercent: percent(errors.at(-1) ?? 0),
  };
}

async function netsOn(name: 'pico' | 'nano33ble') {
  const spec = board(name);
  const rows = [];
  for (const net of NETS) {
    const graph = fuseQuantized(importOnnx(modelBytes('mlperf-tiny', net)));
    const inputs = graph.inputs.map((info) => {
      const elements = info.shape.reduce((product, size) => product * size, 1);
      const type: ElementType = info.dtype === 'float32' ? 'float' : 'int8_t';
      const port = { type, elements, bytes: elements * (type === 'float' ? 4 : 1) };
      return fillInput([port], 0);
    });
    const zeroWait = await runOnCore(graph, spec, inputs, { kind: 'zeroWait' });
    const { cycles, waitCycles, guessed } = predictLatency(zeroWait.program, spec);
    const withFlash = await runOnCore(graph, spec, inputs, spec.flashTiming ?? { kind: 'zeroWait' });
    const errorOf = (predicted: number, measured: number) => Number((100 * (predicted / measured - 1)).toFixed(2));
    rows.push({
      core: spec.core,
      net,
      cycles: zeroWait.cycles,
      predicted: cycles - waitCycles,
      errorPercent: errorOf(cycles - waitCycles, zeroWait.cycles),
      flash: { cycles: withFlash.cycles, predicted: cycles, errorPercent: errorOf(cycles, withFlash.cycles) },
      guessed,
    });
  }
  return rows;
}

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  const layers = Number(option(args, 'layers', '15'));
  const only = option(args, 'core', '');
  const boards = (['nano33ble', 'pico'] as const).filter((name) => only === '' || board(name).core === only);
  const calls: Prediction[] = [];
  const whole: Prediction[] = [];
  const nets = [];
  for (const name of boards) {
    const measured = await layersOn(name, layers);
    calls.push(...measured.calls);
    whole.push(...measured.layers);
    if (option(args, 'nets', '') !== 'none') nets.push(...(await netsOn(name)));
  }
  const byKernel = Map.groupBy(calls, ({ core, kernel }) => `${core} ${kernel}`);
  return {
    name: 'speed-model',
    figure: summary(whole).p95Percent,
    unit: '% error of predicted cycles of a layer, 95th percentile',
    peer: 'none published: TinyNAS and X-CUBE-AI state no error of their latency models',
    peerFigure: null,
    ratio: null,
    details: {
      layers: summary(whole),
      perCore: Object.fromEntries(
        [...Map.groupBy(whole, ({ core }) => core)].map(([core, list]) => [core, summary(list)]),
      ),
      calls: summary(calls),
      kernels: Object.fromEntries(
        [...byKernel].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, list]) => [name, summary(list)]),
      ),
      nets,
      worst: whole.toSorted((a, b) => b.error - a.error).slice(0, 10),
    },
  };
}
