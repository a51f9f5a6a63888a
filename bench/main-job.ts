/**
 * The main job as a newcomer runs it: `npm run demo` on a fresh data folder. `--trials N` (24). Nobody else offers the whole road, so
 * there is no peer; the target is under six minutes on two cores.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BenchOptions, type BenchResult, option } from './bench-result.ts';

const TARGET_SECONDS = 360;

interface Answer {
  readonly trials: number;
  readonly hypervolume: { readonly reference: readonly number[]; readonly value: number };
  readonly front: readonly { readonly metrics: Readonly<Record<string, { readonly mean: number }>> }[];
}

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  const trials = option(args, 'trials', '24');
  const data = mkdtempSync(path.join(tmpdir(), 'tinypareto-bench-'));
  try {
    const started = performance.now();
    const result = spawnSync('npm', ['run', '--silent', 'demo', '--', '--json', '--trials', trials, '--data', data], {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    const seconds = (performance.now() - started) / 1000;
    if (result.status !== 0) throw new Error(`the demo ended with ${result.status}: ${result.stderr.slice(-2000)}`);
    const answer = JSON.parse(result.stdout) as Answer;
    const of = (metric: string): number[] => answer.front.map((point) => point.metrics[metric]?.mean ?? Number.NaN);
    return {
      name: 'main-job',
      figure: round(seconds),
      unit: 's',
      peer: null,
      peerFigure: null,
      ratio: null,
      details: {
        trials: answer.trials,
        seconds: round(seconds),
        targetSeconds: TARGET_SECONDS,
        hypervolume: answer.hypervolume.value,
        reference: answer.hypervolume.reference,
        bestAccuracy: Math.max(...of('accuracy')),
        frontSize: answer.front.length,
        smallestRomBytes: Math.min(...of('romBytes')),
        largestRomBytes: Math.max(...of('romBytes')),
      },
    };
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

function round(seconds: number): number {
  return Math.round(10 * seconds) / 10;
}
