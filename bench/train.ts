/**
 * Training steps (forward, loss, backward, update): samples per CPU second of one thread, both engines, against PyTorch with one thread. The
 * figure is LeNet's (1.2 M parameters); the MLPerf Tiny networks stand in the details. With `--python FILE` (or
 * TINYPARETO_TORCH_PYTHON) naming a Python that has torch, the peer is measured in the same run; else its stored figures stand in, which
 * were measured in one run with ours on the machine that they name: on another the ratio means little. `--seconds S` per measurement;
 * `--net NAME` for one network.
 */
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { createEngine, type EngineKind } from '../evaluators/train/engine.ts';
import { compileTraining } from '../evaluators/train/training-program.ts';
import { type BenchOptions, type BenchResult, median, option } from './bench-result.ts';
import { TRAINING_NETS, type TrainingNet } from './support/training-nets.ts';

const WARM_STEPS = 3;

/** Samples per CPU second. */
interface Row {
  readonly network: string;
  readonly batch: number;
  readonly native: number | null;
  readonly wasm: number;
  readonly pytorch: number;
  readonly nativeRatio: number | null;
  readonly wasmRatio: number;
}

function measure({ graph, batch }: TrainingNet, engine: EngineKind, seconds: number): number {
  const program = compileTraining(graph(), { batch, engine });
  for (let i = 0; i < program.input.length; i++) program.input[i] = (i % 251) / 251;
  const { classes } = program;
  for (let row = 0; row < batch; row++) program.target[row * classes + (row % classes)] = 1;
  const cpu: number[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end || cpu.length < 8) {
    const usage = process.cpuUsage();
    program.forward();
    program.backward();
    program.update({ learningRate: 0.01, momentum: 0.9, weightDecay: 0 });
    const used = process.cpuUsage(usage);
    cpu.push((used.user + used.system) / 1e6);
  }
  return batch / median(cpu.slice(WARM_STEPS));
}

function measureTorch(
  python: string,
  { name, batch }: TrainingNet,
  seconds: number,
): { readonly perCpuSecond: number; readonly torch: string } | undefined {
  const script = fileURLToPath(new URL('../scripts/torch-training.py', import.meta.url));
  const result = spawnSync(python, [script, name, '1', String(batch), String(seconds)], {
    encoding: 'utf8',
    timeout: 120_000,
  });
  return result.status === 0 ? JSON.parse(result.stdout) : undefined;
}

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  const seconds = Number(option(args, 'seconds', '4'));
  const python = option(args, 'python', process.env['TINYPARETO_TORCH_PYTHON'] ?? '');
  const only = option(args, 'net', '');
  const hasNative = createEngine().kind === 'native';
  const rows: Row[] = [];
  let version = '';
  for (const net of TRAINING_NETS.filter(({ name }) => only === '' || name === only)) {
    const wasm = measure(net, 'wasm', seconds);
    const native = hasNative ? measure(net, 'native', seconds) : null;
    const torch = python === '' ? undefined : measureTorch(python, net, seconds);
    version = torch?.torch ?? version;
    const pytorch = torch?.perCpuSecond ?? net.storedTorch;
    const { title, batch } = net;
    const nativeRatio = native === null ? null : native / pytorch;
    rows.push({ network: title, batch, native, wasm, pytorch, nativeRatio, wasmRatio: wasm / pytorch });
  }
  const [first] = rows;
  if (first === undefined) throw new Error(`--net: one of ${TRAINING_NETS.map(({ name }) => name).join(', ')}`);
  const figure = first.native ?? first.wasm;
  return {
    name: 'train',
    figure,
    unit: `samples per CPU second of a training step, ${first.network}, one thread, ${first.native === null ? 'WebAssembly' : 'native'}`,
    peer: version === '' ? STORED_PEER : `PyTorch ${version}, one thread, same run`,
    peerFigure: first.pytorch,
    ratio: figure / first.pytorch,
    details: {
      step: 'forward, cross-entropy, backward, SGD with momentum; BatchNormalization with the statistics of the batch',
      cpu: cpus()[0]?.model,
      targets: 'LeNet: 1.0 of PyTorch native, 0.6 in WebAssembly',
      networks: rows,
    },
  };
}

const STORED_PEER =
  'PyTorch 2.15.0 (oneDNN), one thread; stored: measured in one run with our engines on a 2-core AMD EPYC (Zen 4, AVX-512) on 2026-11-21';
