/**
 * Cycles per MAC of whole int8 networks on both cores, beside CMSIS-NN counted in the same cycle model (MLPerf Tiny and the paper's LeNet). Modelled:
 * zero-wait, and with the flash of the board (nRF52840: 2 cycles a data word; RP2040: XIP cache, 40 cycles a missing word).
 * `--core cortex-m4|cortex-m0plus`, `--net kws,ic…`, `--layers` for every layer, `--zero-wait` for the first memory model only.
 *
 * Weights are dense, as the peer's are: the bench `sparse` has the encoded ones. The ratio compares kernels: quantization of the input, the copy to channels-last and the conversion of the output to float are left out
 * of it, since the peer's counts have none of them; `allCyclesPerMac` has everything.
 */
import {
  countCost,
  fuseQuantized,
  type Graph,
  importOnnx,
  interpret,
  type LowerOptions,
  simplify,
  type Tensor,
} from '@tinypareto/evaluators';
import type { FlashModel } from '@tinypareto/hw-agents/virtual';
import { board } from '../test/support/boards.ts';
import { modelBytes, referenceIo, referenceTensors } from '../test/support/reference-io.ts';
import { type BenchOptions, type BenchResult, option } from './bench-result.ts';
import { inFourBits } from './support/four-bits.ts';
import { type CoreRun, type LayerCycles, runOnCore } from './support/network-on-core.ts';
import { paperLenet } from './support/paper-lenet.ts';
import { type ModelledCore, type PeerLayer, PUBLISHED, peerLayers, peerName } from './support/peer-kernels.ts';

interface Net {
  readonly name: string;
  /** Counts in the figure. */
  readonly inFigure: boolean;
  readonly graph: () => Graph;
  readonly input: (graph: Graph) => Tensor;
}

const MLPERF = { kws: 'kws-dscnn', ic: 'ic-resnet8', vww: 'vww-mobilenetv1', ad: 'ad-autoencoder' };

const LENETS = {
  lenet: { conv1: 32, conv2: 64, hidden: 128, classes: 10 },
  'lenet-8-16-32': { conv1: 8, conv2: 16, hidden: 32, classes: 10 },
  'lenet-4-6-11': { conv1: 4, conv2: 6, hidden: 11, classes: 10 },
};

const NETS: readonly Net[] = [
  ...Object.entries(MLPERF).map(([name, model]): Net => {
    const file = `${model}.int8-pc`;
    const input = () => [...referenceTensors('mlperf-tiny', referenceIo('mlperf-tiny', file), 'input', 0).values()][0];
    const graph = () => fuseQuantized(importOnnx(modelBytes('mlperf-tiny', file)));
    return { name, inFigure: true, graph, input: () => present(input(), 'an input') };
  }),
  ...Object.entries(LENETS).map(([name, widths]): Net => {
    const data = Uint8Array.from({ length: 784 }, (_, i) => Math.imul(i + 1, 2654435761) >>> 24);
    const input = (): Tensor => ({ dtype: 'uint8', shape: [1, 1, 28, 28], data });
    return { name, inFigure: false, graph: () => paperLenet(widths), input };
  }),
];

interface Memory {
  readonly variant: string;
  readonly flash: FlashModel;
}

const ZERO_WAIT: Memory = { variant: 'zero-wait', flash: { kind: 'zeroWait' } };
const FLASH: Readonly<Record<ModelledCore, Memory>> = {
  'cortex-m4': { variant: 'nrf52840-data-ws2', flash: { kind: 'dataWait', cyclesPerWord: 2 } },
  'cortex-m0plus': { variant: 'rp2040-xip', flash: { kind: 'xipCache', missCycles: 40 } },
};
const BOARDS = { 'cortex-m4': board('nano33ble'), 'cortex-m0plus': board('pico') } as const;

/** The paper's structured uint8 LeNet, milliseconds on its boards (arXiv 2205.10369, table 5). */
const PAPER_MS: Readonly<Record<ModelledCore, number>> = { 'cortex-m4': 18.84, 'cortex-m0plus': 50.06 };

/** Kernels without a counterpart in the peer's counts. */
const OUTSIDE = /^dnnrt_(quantize_f32|dequantize|copy|flip_sign)/;

function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} is missing`);
  return value;
}

interface Row {
  readonly core: ModelledCore;
  readonly net: string;
  readonly variant: string;
  readonly cyclesPerMac: number;
  readonly allCyclesPerMac: number;
  readonly milliseconds: number;
  readonly peerCyclesPerMac: number | null;
  readonly ratio: number | null;
  readonly published: string | null;
  readonly outputsEqual: boolean;
  readonly layers?: readonly LayerRow[];
}

interface LayerRow {
  readonly kernel: string;
  readonly macs: number;
  readonly cycles: number;
  readonly cyclesPerMac: number | null;
  readonly peerCycles: number | null;
}

async function measure(
  net: Net,
  core: ModelledCore,
  memory: Memory,
  withLayers: boolean,
  options: LowerOptions = {},
): Promise<Row> {
  const graph = net.graph();
  const input = net.input(graph);
  const bytes = new Uint8Array(input.data.buffer, input.data.byteOffset, input.data.byteLength);
  const run = await runOnCore(graph, BOARDS[core], [bytes], memory.flash, { weights: 'dense', ...options });
  const name = present(graph.inputs[0], 'the input').name;
  const expected = present(interpret(graph, new Map([[name, input]])).get(present(graph.outputs[0], 'an output')), 'y');
  const peer = peerLayers(core, memory.variant, net.name);
  const kernels = run.layers.filter(({ kernel }) => !OUTSIDE.test(kernel));
  const cycles = kernels.reduce((sum, layer) => sum + layer.cycles, 0);
  const peerCycles = peer?.reduce((sum, layer) => sum + layer.cycles, 0);
  return {
    core,
    net: net.name,
    variant: memory.variant,
    cyclesPerMac: cycles / run.macs,
    allCyclesPerMac: run.cycles / run.macs,
    milliseconds: (run.cycles / BOARDS[core].clockHz) * 1000,
    peerCyclesPerMac: peerCycles === undefined ? null : peerCycles / run.macs,
    ratio: peerCycles === undefined ? null : peerCycles / cycles,
    published: PUBLISHED[core][net.name] ?? null,
    outputsEqual: sameBytes(run, expected),
    ...(withLayers ? { layers: layerRows(kernels, peer ?? []) } : {}),
  };
}

function sameBytes(run: CoreRun, expected: Tensor): boolean {
  const { buffer, byteOffset, byteLength } = expected.data;
  return Buffer.compare(present(run.outputs[0], 'an output'), new Uint8Array(buffer, byteOffset, byteLength)) === 0;
}

/** Layers with MACs come in the same order in both; the others are shown without a peer. */
function layerRows(layers: readonly LayerCycles[], peer: readonly PeerLayer[]): LayerRow[] {
  const waiting = peer.filter(({ macs }) => macs > 0);
  return layers.map(({ kernel, macs, cycles }) => {
    const at = macs > 0 ? waiting.findIndex((layer) => layer.macs === macs) : -1;
    const [match] = at < 0 ? [] : waiting.splice(at, 1);
    const cyclesPerMac = macs > 0 ? cycles / macs : null;
    return { kernel, macs, cycles, cyclesPerMac, peerCycles: match?.cycles ?? null };
  });
}

/** Largest difference of float outputs from the interpreter's that rounding explains. */
const FLOAT_TOLERANCE = 1e-5;

/** IC in float32 on the M4F: cycles per MAC of the whole network, modelled, zero-wait. Throws when its outputs are wrong. */
async function floatCyclesPerMac(): Promise<number> {
  const model = 'ic-resnet8';
  const graph = simplify(importOnnx(modelBytes('mlperf-tiny', model)));
  const io = referenceIo('mlperf-tiny', model);
  const input = present([...referenceTensors('mlperf-tiny', io, 'input', 0).values()][0], 'an input');
  const bytes = new Uint8Array(input.data.buffer, input.data.byteOffset, input.data.byteLength);
  const run = await runOnCore(graph, BOARDS['cortex-m4'], [bytes], ZERO_WAIT.flash, { weights: 'dense' });
  const name = present(graph.inputs[0], 'the input').name;
  const expected = present(interpret(graph, new Map([[name, input]])).get(present(graph.outputs[0], 'an output')), 'y');
  const outputs = new Float32Array(present(run.outputs[0], 'an output').slice().buffer);
  const worst = outputs.reduce((most, value, i) => Math.max(most, Math.abs(value - Number(expected.data[i]))), 0);
  if (!(worst <= FLOAT_TOLERANCE)) throw new Error(`${model} in float on the board is off by ${worst}`);
  return run.cycles / run.macs;
}

/** IC with 4-bit weights in its convolutions on the M0+, modelled, zero-wait: as the table counts, and everything. */
async function fourBitCyclesPerMac(): Promise<{ readonly cyclesPerMac: number; readonly allCyclesPerMac: number }> {
  const net = present(
    NETS.find(({ name }) => name === 'ic'),
    'ic',
  );
  const graph = inFourBits(net.graph());
  const input = net.input(graph);
  const bytes = new Uint8Array(input.data.buffer, input.data.byteOffset, input.data.byteLength);
  const run = await runOnCore(graph, BOARDS['cortex-m0plus'], [bytes], ZERO_WAIT.flash);
  const cycles = run.layers.filter(({ kernel }) => !OUTSIDE.test(kernel)).reduce((sum, layer) => sum + layer.cycles, 0);
  return { cyclesPerMac: cycles / run.macs, allCyclesPerMac: run.cycles / run.macs };
}

interface TwoCoreRow {
  readonly net: string;
  readonly variant: string;
  readonly cyclesPerMac: number;
  readonly milliseconds: number;
  /** Time of the whole network on one core relative to this. */
  readonly speedUp: number;
  readonly outputsEqual: boolean;
}

/** Both cores of the RP2040 beside the rows of one: the slower half of each layer and the declared cycles of handing over count. */
async function onTwoCores(net: Net, memory: Memory, alone: Row): Promise<TwoCoreRow> {
  const row = await measure(net, 'cortex-m0plus', memory, false, { cores: 2 });
  const { variant, cyclesPerMac, milliseconds, outputsEqual } = row;
  return {
    net: net.name,
    variant,
    cyclesPerMac,
    milliseconds,
    speedUp: alone.milliseconds / milliseconds,
    outputsEqual,
  };
}

interface InRamRow {
  readonly net: string;
  readonly cores: number;
  readonly allCyclesPerMac: number;
  readonly milliseconds: number;
  readonly outputsEqual: boolean;
}

/** Behind the cache of the RP2040, with what gains by it in RAM as far as there is room. */
async function inRam(net: Net): Promise<InRamRow[]> {
  const rows: InRamRow[] = [];
  for (const cores of [1, 2]) {
    const options = { cores, optimize: 'speed' } as const;
    const row = await measure(net, 'cortex-m0plus', FLASH['cortex-m0plus'], false, options);
    const { allCyclesPerMac, milliseconds, outputsEqual } = row;
    rows.push({ net: net.name, cores, allCyclesPerMac, milliseconds, outputsEqual });
  }
  return rows;
}

interface CompiledRow {
  readonly core: ModelledCore;
  readonly net: string;
  /** Of the network as it comes, and of what is computed. */
  readonly macs: number;
  readonly macsLeft: number;
  /** Everything that is computed, in cycles per MAC of the network as it comes. */
  readonly allCyclesPerMac: number;
  readonly milliseconds: number;
  readonly outputsEqual: boolean;
}

/** A network as `compile` takes it, without the channels that do not matter; undefined where all of them do. */
async function asCompiled(net: Net, core: ModelledCore): Promise<CompiledRow | undefined> {
  const graph = net.graph();
  const rewritten = simplify(graph);
  const { macs } = countCost(graph);
  if (countCost(rewritten).macs === macs) return undefined;
  const input = net.input(graph);
  const bytes = new Uint8Array(input.data.buffer, input.data.byteOffset, input.data.byteLength);
  const run = await runOnCore(rewritten, BOARDS[core], [bytes], ZERO_WAIT.flash, { weights: 'dense' });
  const name = present(graph.inputs[0], 'the input').name;
  const expected = present(interpret(graph, new Map([[name, input]])).get(present(graph.outputs[0], 'an output')), 'y');
  return {
    core,
    net: net.name,
    macs,
    macsLeft: run.macs,
    allCyclesPerMac: run.cycles / macs,
    milliseconds: (run.cycles / BOARDS[core].clockHz) * 1000,
    outputsEqual: sameBytes(run, expected),
  };
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  const cores = option(args, 'core', 'cortex-m4,cortex-m0plus').split(',');
  const names = option(args, 'net', NETS.map(({ name }) => name).join(',')).split(',');
  const rows: Row[] = [];
  const twoCores: TwoCoreRow[] = [];
  const speed: InRamRow[] = [];
  const compiled: CompiledRow[] = [];
  for (const core of ['cortex-m4', 'cortex-m0plus'] as const) {
    if (!cores.includes(core)) continue;
    for (const net of NETS.filter(({ name }) => names.includes(name))) {
      rows.push(await measure(net, core, ZERO_WAIT, args.includes('--layers')));
      if (!args.includes('--zero-wait')) rows.push(await measure(net, core, FLASH[core], false));
      const rewritten = await asCompiled(net, core);
      if (rewritten !== undefined) compiled.push(rewritten);
      if (core !== 'cortex-m0plus' || !net.inFigure) continue;
      const alone = rows.filter((row) => row.core === core && row.net === net.name);
      for (const row of alone) {
        const memory = row.variant === ZERO_WAIT.variant ? ZERO_WAIT : FLASH[core];
        twoCores.push(await onTwoCores(net, memory, row));
      }
      if (!args.includes('--zero-wait')) speed.push(...(await inRam(net)));
    }
  }
  const counted = new Set(NETS.filter(({ inFigure }) => inFigure).map(({ name }) => name));
  const inFigure = rows.filter((row) => row.variant === ZERO_WAIT.variant && counted.has(row.net));
  const chosen = (inFigure.length > 0 ? inFigure : rows).filter((row) => row.outputsEqual);
  const ratios = chosen.flatMap(({ ratio }) => ratio ?? []);
  const figure = geometricMean(chosen.map(({ cyclesPerMac }) => cyclesPerMac));
  const peerFigure = geometricMean(chosen.flatMap(({ peerCyclesPerMac }) => peerCyclesPerMac ?? []));
  return {
    name: 'kernels',
    figure,
    unit: 'cycles per MAC (modelled, zero-wait, geometric mean over nets and cores)',
    peer: peerName(),
    peerFigure,
    ratio: geometricMean(ratios),
    details: {
      rows,
      paperMilliseconds: PAPER_MS,
      twoCores,
      optimizeSpeed: speed,
      asCompiled: compiled,
      mismatches: [...rows, ...twoCores, ...speed, ...compiled].filter((row) => !row.outputsEqual).length,
      int4: {
        net: 'ic',
        core: 'cortex-m0plus',
        ...(await fourBitCyclesPerMac()),
        peer: 'CMSIS-NN with 8-bit weights in this model: 10.96; no figures for 4-bit weights on a Cortex-M0+ are published',
      },
      float32: {
        net: 'ic',
        core: 'cortex-m4',
        allCyclesPerMac: await floatCyclesPerMac(),
        peer: 'Bosch HALE float32, CY8C62 Cortex-M4F, silicon: 5.76; naive C loops in this model: 8.3…13.0',
      },
    },
  };
}
