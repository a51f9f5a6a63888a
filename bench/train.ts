/**
 * LeNet training step (forward, loss, backward, update; 1.2 M parameters, batch 64): samples per CPU second of one thread, both engines,
 * against PyTorch with one thread. With `--python FILE` (or TINYPARETO_TORCH_PYTHON) naming a Python that has torch, the peer is measured in
 * the same run; else the stored figure of another machine stands in and the ratio means little. `--seconds S` per measurement.
 */
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { createEngine, type EngineKind } from '../evaluators/train/engine.ts';
import { compileTraining } from '../evaluators/train/training-program.ts';
import { lenet } from '../test/evaluators/train/net.ts';
import { type BenchOptions, type BenchResult, median, option } from './bench-result.ts';

const BATCH = 64;
const WARM_STEPS = 3;
/** Samples/s of PyTorch 2.13, one thread, batch 64, on an idle 2-core EPYC (Zen 5); the middle of 1308 and 1392. */
const STORED_TORCH = 1350;

interface Speed {
  readonly perCpuSecond: number;
  readonly perSecond: number;
  readonly steps: number;
}

function measure(engine: EngineKind, seconds: number): Speed {
  const program = compileTraining(lenet(), { batch: BATCH, engine });
  for (let i = 0; i < program.input.length; i++) program.input[i] = (i % 251) / 251;
  for (let row = 0; row < BATCH; row++) program.target[row * 10 + (row % 10)] = 1;
  const cpu: number[] = [];
  const wall: number[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end || cpu.length < 8) {
    const usage = process.cpuUsage();
    const start = performance.now();
    program.forward();
    program.backward();
    program.update({ learningRate: 0.01, momentum: 0.9, weightDecay: 0 });
    const used = process.cpuUsage(usage);
    cpu.push((used.user + used.system) / 1e6);
    wall.push((performance.now() - start) / 1000);
  }
  const rate = (times: number[]) => BATCH / median(times.slice(WARM_STEPS));
  return { perCpuSecond: rate(cpu), perSecond: rate(wall), steps: cpu.length };
}

function measureTorch(
  python: string,
  seconds: number,
): (Omit<Speed, 'steps'> & { readonly torch: string }) | undefined {
  const script = fileURLToPath(new URL('../scripts/torch-lenet.py', import.meta.url));
  const result = spawnSync(python, [script, '1', String(BATCH), String(seconds)], {
    encoding: 'utf8',
    timeout: 120_000,
  });
  return result.status === 0 ? JSON.parse(result.stdout) : undefined;
}

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  const seconds = Number(option(args, 'seconds', '6'));
  const python = option(args, 'python', process.env['TINYPARETO_TORCH_PYTHON'] ?? '');
  const native = createEngine().kind === 'native';
  const wasm = measure('wasm', seconds);
  const best = native ? measure('native', seconds) : wasm;
  const torch = python === '' ? undefined : measureTorch(python, seconds);
  const peer = torch?.perCpuSecond ?? STORED_TORCH;
  const title =
    torch === undefined ? 'PyTorch 2.13, stored figure of another machine' : `PyTorch ${torch.torch}, same run`;
  return {
    name: 'train',
    figure: best.perCpuSecond,
    unit: 'samples per CPU second, one thread',
    peer: title,
    peerFigure: peer,
    ratio: best.perCpuSecond / peer,
    details: {
      network: 'LeNet 32-64-128, batch 64, SGD with momentum',
      cpu: cpus()[0]?.model,
      native: native ? best : null,
      wasm,
      torch: torch ?? null,
      ratios: { native: native ? best.perCpuSecond / peer : null, wasm: wasm.perCpuSecond / peer },
    },
  };
}
